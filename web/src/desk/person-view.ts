import { html, nothing, type TemplateResult } from "lit";
import type { Desk } from "./desk";
import { actsView } from "./activity-view";
import { inOneGo } from "./activity";
import { recordView, sanctionsView, section, threadLine, time } from "./inspector-view";
import { SANCTIONED, words } from "./labels";
import { sanctionWords } from "./sanctions";
import { placeLink } from "./view";

/** One person: what they wrote, and what was decided about it and about them. */
export function personView(desk: Desk): TemplateResult {
  const { record, missing, written } = desk.person;
  if (!record) return html`<h1 class="desk-title" tabindex="-1">A person</h1><p class="desk-empty">${missing ? "There is nobody with that id, or the account is gone." : "One moment…"}</p>`;
  const { sanctions, sanctionsImposed, decisions } = record.record ?? {};
  return html`
    <h1 class="desk-title" tabindex="-1"><bdi>${record.displayName}</bdi> <span>${words(record.role)}</span></h1>
    <p>${sanctionWords(record.displayName, record.sanction)}${record.sanction?.reason ? html`: ${record.sanction.reason}` : nothing}.</p>
    ${recordView(desk, record.id)}
    <p><button class="button" @click=${() => desk.sanctions.start(record)}>Sanction…</button></p>
    ${sanctions?.nodes.length ? section("What was done about them", sanctionsView(sanctions.nodes, "What was done about them")) : nothing}
    ${decisions?.nodes.length ? section("What they decided", actsView(desk, inOneGo(decisions.nodes), "What they decided")) : nothing}
    ${
      sanctionsImposed?.nodes.length
        ? section(
            "Whom they sanctioned",
            html`<ol class="lines">${sanctionsImposed.nodes.map(
              ({ kind, user, at, reason }) => html`<li><b>${kind === "NONE" ? "Lifted" : SANCTIONED[kind]}</b> ${user ? placeLink(desk, { view: "person", id: user.id }, user.displayName) : "somebody who is gone"} ${time(at)}${reason ? html` <q dir="auto">${reason}</q>` : nothing}</li>`,
            )}</ol>`,
          )
        : nothing
    }
    ${written.length > 0 ? section("Written last", html`<ol class="thread">${written.map(threadLine)}</ol>`) : nothing}
  `;
}
