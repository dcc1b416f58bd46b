// Light or dark: what a person has chosen in this browser, or else what the system asks for. Run in the head of a page,
// so that it is not the other first. The attribute set here is what panel-material-ui follows.
;(globalThis.strnnPage ??= {}).theme ??= (() => {
  const KEY = "strnn-viz.theme"
  const PATIENCE = 10000 // for a page that was drawn in the other theme to turn
  const root = document.documentElement
  const system = matchMedia("(prefers-color-scheme: dark)")
  const heard = new Set()

  const read = () => {
    try {
      const kept = localStorage.getItem(KEY)
      return ["light", "dark"].includes(kept) ? kept : null
    } catch {
      return null // where nothing may be kept, a choice lasts as long as the page
    }
  }
  let chosen = read()
  const show = () => {
    root.dataset.theme = theme.name
    // Only so that the server draws the next page dark from the start; what holds is what is kept here.
    const seconds = theme.name === "dark" ? 31536000 : 0
    document.cookie = `strnn_viz_theme=dark; path=/; max-age=${seconds}; samesite=strict`
    for (const call of heard) call()
  }
  const theme = {
    get name() {
      return chosen ?? (system.matches ? "dark" : "light")
    },
    choose(name) {
      chosen = name
      try {
        localStorage.setItem(KEY, name)
      } catch {
        // see above
      }
      show()
    },
    on(call) {
      heard.add(call)
      return () => heard.delete(call)
    },
    // The server has drawn the page in a theme. Where that is the other, it is not seen before it has turned.
    drawn(name) {
      if (name === theme.name) return
      root.dataset.turning = ""
      setTimeout(theme.turned, PATIENCE)
    },
    get turning() {
      return "turning" in root.dataset
    },
    turned() {
      delete root.dataset.turning
    },
  }
  system.addEventListener("change", show)
  addEventListener("storage", (event) => {
    if (event.key !== KEY && event.key !== null) return
    chosen = read()
    show()
  })
  show()
  return theme
})()
