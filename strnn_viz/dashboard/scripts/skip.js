// For those who come with the keyboard: a button before everything else that leads past the header and the sidebar.
export function render() {
  const way = document.createElement("nav")
  const button = document.createElement("button")
  way.id = "skip"
  way.setAttribute("aria-label", "Shortcut")
  button.textContent = "Skip to the views"
  button.addEventListener("click", () => {
    const card = find(document, ".card")
    const target = card?.checkVisibility() ? card : find(document, "main")
    target.tabIndex = -1
    target.focus()
  })
  way.append(button)
  document.getElementById(way.id)?.remove()
  document.body.prepend(way)
  return document.createElement("span")
}
