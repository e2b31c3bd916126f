/**
 * Web Share where the browser has it, "Copy link" everywhere. Marks up nothing of its own: it reveals
 * `[data-share]`, whose `data-url` and `data-title` say what is shared.
 */
for (const box of document.querySelectorAll<HTMLElement>("[data-share]")) {
  const url = box.dataset.url || document.querySelector<HTMLLinkElement>("link[rel=canonical]")?.href || location.href;
  const title = box.dataset.title || document.title;
  const status = box.querySelector<HTMLElement>("[data-share-status]");
  const native = box.querySelector<HTMLButtonElement>("[data-share-native]");
  const copy = box.querySelector<HTMLButtonElement>("[data-share-copy]");
  let clearing: ReturnType<typeof setTimeout> | undefined;

  const say = (text: string): void => {
    if (!status) return;
    status.textContent = text;
    clearTimeout(clearing);
    clearing = setTimeout(() => (status.textContent = ""), 6000);
  };

  if (native && typeof navigator.share === "function") {
    native.hidden = false;
    // A share sheet that the reader closes rejects with AbortError: that is an answer, not a failure.
    native.addEventListener("click", () => {
      navigator.share({ title, url }).catch((error: unknown) => {
        if ((error as Error).name !== "AbortError") say("Sharing did not work here. Copy the link instead.");
      });
    });
  }
  copy?.addEventListener("click", () => {
    // No clipboard outside secure contexts: then the address itself is the help.
    const written = navigator.clipboard?.writeText(url) ?? Promise.reject(new Error("no clipboard"));
    written.then(
      () => say("Link copied"),
      () => say(url),
    );
  });
  box.hidden = false;
}

export {};
