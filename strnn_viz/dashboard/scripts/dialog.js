// The browser's own dialog around a Panel object. It keeps the keyboard inside, closes with Escape, and gives the focus
// back to what had it, also across shadow trees.
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
  return dialog
}
