/**
 * Small repairs to GraphiQL's markup, for screen readers: names for the editors' text areas and the explorer's fields, a result that the keyboard can scroll, and
 * tabs as a list of buttons (a `tab` role may not hold the close button that it holds).
 */
export function repairAccessibility(root: HTMLElement): void {
  const repair = (): void => {
    for (const area of root.querySelectorAll<HTMLTextAreaElement>(".CodeMirror textarea:not([aria-label])")) {
      area.setAttribute("aria-label", area.closest("section")?.getAttribute("aria-label") ?? "Editor");
    }
    for (const scroller of root.querySelectorAll<HTMLElement>(".CodeMirror-scroll")) {
      if (scroller.tabIndex < 0) scroller.tabIndex = 0;
    }
    for (const field of root.querySelectorAll<HTMLElement>(".docExplorerWrap :is(input, select):not([aria-label])")) {
      const argument = field.closest<HTMLElement>("[data-arg-name]")?.dataset.argName;
      field.setAttribute("aria-label", argument ?? (field.closest(".graphiql-explorer-actions") ? "Kind of operation to add" : "Name of the operation"));
    }
    const tabs = root.querySelector(".graphiql-tabs");
    if (!tabs) return;
    tabs.removeAttribute("role");
    for (const tab of tabs.querySelectorAll(".graphiql-tab")) {
      tab.removeAttribute("role");
      tab.removeAttribute("aria-selected");
      tab.querySelector(".graphiql-tab-button")?.setAttribute("aria-pressed", String(tab.classList.contains("graphiql-tab-active")));
    }
  };
  let due = 0;
  new MutationObserver(() => {
    cancelAnimationFrame(due);
    due = requestAnimationFrame(repair);
  }).observe(root, { subtree: true, childList: true, attributes: true, attributeFilter: ["role", "aria-selected", "class"] });
}
