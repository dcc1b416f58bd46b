// Keeps the address of the page what the server says is seen, and gives a person the files the server has made.
const LATER = 60000 // until a saved file is forgotten; a browser may still be asking where to put it

export function render({ model }) {
  model.on("address", () => {
    window.history.replaceState(window.history.state, "", `${location.pathname}${model.address ? `?${model.address}` : ""}`)
  })
  model.on("copies", async () => {
    try {
      await navigator.clipboard.writeText(location.href)
      model.told = "The link is copied."
    } catch {
      model.told = `This browser does not let a page copy. The link: ${location.href}`
    }
  })
  model.on("parcel", async () => {
    const { name, kind, content, document: json } = model.parcel
    if (!name) return
    try {
      keep(name, json ? await drawn(JSON.parse(json), kind) : bytes(content), kind)
      model.told = `Saved ${name}.`
    } catch (error) {
      model.told = `Not saved: the browser could not write ${name} (${error}).`
    }
  })
  return document.createElement("span")
}

function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
}

function keep(name, content, kind) {
  const link = document.createElement("a")
  link.href = URL.createObjectURL(new Blob([content], { type: kind }))
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), LATER)
}

// A plot of its own, drawn where no one sees it.
async function drawn(json, kind) {
  const place = document.createElement("div")
  place.id = `drawn-${json.roots[0].id}`
  place.setAttribute("aria-hidden", "true")
  place.style.cssText = "position: fixed; left: -10000px; top: 0"
  document.body.append(place)
  const before = [...Bokeh.documents], root = json.roots[0].id
  const [views] = await Bokeh.embed.embed_items({ drawn: json }, [{ docid: "drawn", root_ids: [root], roots: { [root]: place.id } }])
  try {
    const view = views.get_by_id(root)
    await view.ready
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
    if (kind === "image/svg+xml") return view.export("svg").ctx.get_serialized_svg(true)
    const canvas = view.export("png").canvas
    return await new Promise((done, fail) => canvas.toBlob((blob) => (blob ? done(blob) : fail("no picture")), kind))
  } finally {
    views.clear()
    Bokeh.documents.splice(0, Bokeh.documents.length, ...before)
    place.remove()
  }
}
