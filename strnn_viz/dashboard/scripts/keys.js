// The epoch slider and the page around it. `what` is "ready" once, when the page is there, and "asked" whenever the
// server wants to know where the slider is; the model with that `id` carries both answers and presses of the space bar.
//
// Arrows, Home, End, PageUp and PageDown move the slider, and space plays or stops, wherever the keyboard is. They are
// left alone where they have a meaning of their own: in fields, other sliders, tabs, menus and dialogs, and space on
// whatever it presses.

const steps = ["ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown"]
const own = "input:not([type=range]), textarea, select, [contenteditable=''], [contenteditable=true], " +
  "input[type=range], [role=slider], [role=combobox], [role=listbox], [role=option], [role=menu], [role=menuitem], " +
  "[role=dialog], [role=tab], [role=radiogroup], [role=spinbutton], [role=textbox], [role=tree], iframe"
const pressed = "button, a[href], summary, input, label, [role=button], [role=checkbox], [role=switch], [role=radio]"

// The input of the epoch slider, which lies in shadow trees.
function find(root, inside = false) {
  for (const element of root.querySelectorAll("*")) {
    const within = inside || element.closest(".player") != null
    if (within && element.matches("input[type=range]")) return element
    const found = element.shadowRoot && find(element.shadowRoot, within)
    if (found) return found
  }
  return null
}

const page = (globalThis.strnnPage ??= {})
const wire = Bokeh.documents.map((document) => document.get_model_by_id(id)).find((model) => model != null)

function slider() {
  if (!page.slider?.isConnected) page.slider = find(document)
  return page.slider
}

function ready() {
  page.wire = wire
  if (page.listens) return
  page.listens = true
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return
    const path = event.composedPath().filter((element) => element instanceof Element)
    const at = slider()
    if (!at || path.some((element) => element.matches(own) && !element.contains(at))) return
    if (event.key === " ") {
      if (path[0] !== at && path.some((element) => element.matches(pressed))) return
      event.preventDefault()
      if (!event.repeat) page.wire.setv({tags: ["play", performance.now()]})
    } else if (steps.includes(event.key) && !event.shiftKey && path[0] !== at && !at.disabled) {
      event.preventDefault()
      const {key, code} = event
      at.dispatchEvent(new KeyboardEvent("keydown", {key, code, bubbles: true, composed: true, cancelable: true}))
    }
  })
}

function asked() {
  const data = wire.data
  const number = (data instanceof Map ? data.get("asked") : data.asked)[0]
  if (slider()) wire.setv({tags: ["at", number, Number(slider().value)]})
}

const calls = {ready, asked}
calls[what]()
