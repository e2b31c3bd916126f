import "./desk.css";
import { Desk } from "./desk";

customElements.define("talkback-desk", Desk);
