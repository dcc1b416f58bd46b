// The first element that a selector finds, in whatever shadow tree.
function find(root, selector) {
  const here = root.querySelector(selector)
  if (here) return here
  for (const element of root.querySelectorAll("*")) {
    const found = element.shadowRoot && find(element.shadowRoot, selector)
    if (found) return found
  }
  return null
}
