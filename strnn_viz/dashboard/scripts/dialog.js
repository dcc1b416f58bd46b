// The browser's own dialog around a Panel object. It keeps the keyboard inside, closes with Escape, and gives the focus
// back to what had it, also across shadow trees.
const list = "[role=listbox], [role=menu], [role=combobox][aria-expanded=true]"

export function render({ model }) {
  const dialog = document.createElement("dialog")
  const title = document.createElement("h2")
  title.id = "title"
  dialog.setAttribute("aria-labelledby", title.id)
  dialog.style.width = `min(${model.widest}px, calc(100vw - 32px))`
  dialog.append(title, model.get_child("body"))
  const name = () => { title.textContent = model.title }
  const turn = () => {
    if (model.open && !dialog.open) {
      dialog.showModal()
      model.seen += 1
    }
    if (!model.open && dialog.open) dialog.close()
  }
  name()
  model.on("title", name)
  model.on("open", turn)
  model.on("after_render", turn)
  dialog.addEventListener("close", () => { model.open = false })
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close() })
  // Within a list that is open, Escape is that list's: what is prevented here is only what the browser would do.
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return
    const path = event.composedPath()
    if (path.slice(0, path.indexOf(dialog)).some((element) => element.matches?.(list))) event.preventDefault()
  }, {capture: true})
  return dialog
}
