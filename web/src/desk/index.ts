import "./desk.css";
import "./queue.css";
import "./panels.css";
import "./charts.css";
import { Desk } from "./desk";

customElements.define("talkback-desk", Desk);
