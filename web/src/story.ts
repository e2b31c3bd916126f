/** All that the story page runs, in one file: the comments and the share buttons. */
import "./embed/index";
import "./share";
