import { TalkbackComments } from "./element";

// A page may carry the script twice; the first one wins.
if (!customElements.get("talkback-comments")) customElements.define("talkback-comments", TalkbackComments);
