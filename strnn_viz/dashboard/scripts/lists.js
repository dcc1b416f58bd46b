// Fields with a list to choose from open by the keyboard too. panel-material-ui's Select (0.16) hears only the click:
// it tells Material UI whether the list is open, and not what to do when a key asks for it.
if (!globalThis.strnnLists) {
  globalThis.strnnLists = true
  const closed = "[role=combobox][aria-haspopup=listbox][aria-expanded=false]:not([aria-disabled=true])"

  // Space acts once it is let go, as on a button: else that would choose from the list that has just opened.
  const open = (keys, act) => (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return
    const field = event.composedPath()[0]
    if (!keys.includes(event.key) || !field.matches?.(closed)) return
    event.preventDefault()
    if (act(event)) field.click()
  }
  window.addEventListener("keydown", open([" ", "Enter", "ArrowDown", "ArrowUp"], (event) => event.key !== " "))
  window.addEventListener("keyup", open([" "], () => true))
}
