// The button that turns the page light or dark. Where the document is not ours, as in a notebook, its own theme holds.
const SUN = "M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10zm-1-5h2v3h-2zm0 17h2v3h-2zM2 11h3v2H2zm17 0h3v2h-3zM4.2 5.6l1.4-1.4 " +
  "2.1 2.1-1.4 1.4zm12.1 12.1 1.4-1.4 2.1 2.1-1.4 1.4zM4.2 18.4l2.1-2.1 1.4 1.4-2.1 2.1zM16.3 6.3l2.1-2.1 1.4 1.4-2.1 2.1z"
const MOON = "M12 3a9 9 0 1 0 9 9 7 7 0 0 1-9-9z"

const SOON = 50 // until it is looked again whether all of the page has turned

export function render({ model }) {
  const theme = globalThis.strnnPage?.theme
  const button = document.createElement("button")
  button.type = "button"
  button.setAttribute("aria-label", "Toggle theme")
  button.hidden = !theme
  if (!theme) return button

  const look = () => {
    const dark = theme.name === "dark"
    button.title = dark ? "Dark; press for the light theme" : "Light; press for the dark theme"
    button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${dark ? MOON : SUN}"/></svg>`
  }
  button.addEventListener("click", () => theme.choose(theme.name === "dark" ? "light" : "dark"))

  // Everything in the page says by a class which theme it is in by now.
  const turn = () => {
    if (!theme.turning) return
    if (find(document, `.mui-${theme.name === "dark" ? "light" : "dark"}`)) setTimeout(turn, SOON)
    else theme.turned()
  }
  model.on("after_render", turn)
  model.on("remove", theme.on(look))
  look()
  return button
}
