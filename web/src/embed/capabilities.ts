/**
 * What the server's schema offers beyond reading and writing. Turn one on when `commentReact` or `commentReport` is in
 * `schema.graphql`: the buttons are there, and are left out of the build until then.
 */
export const REACTIONS = false;
export const REPORTS = false;
