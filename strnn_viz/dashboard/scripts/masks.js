// One plot of connections, in the browser.
//
// `told` says what the server shows: of which scene (all that a picture depends on but the epoch) and epoch it is, and
// which figure shows it. `film` brings pictures of other epochs ahead of time, and `probe` what is under the pointer.
// Whatever the slider points at is shown at once where it is held; the server's picture of that epoch then takes its
// place. A picture of the server that comes too late is not shown. `what` is what has just happened.

const column = (data, name) => (data instanceof Map ? data.get(name) : data[name])
const first = (data, name) => column(data, name)?.[0]

class Reel {
  constructor() {
    this.held = new Map()
    this.scene = null
    this.wanted = null // the epoch the slider is at; null until it has moved
    this.shown = null // the picture last given to the figure
    this.server = null // the server's data of the figure
    this.own = null // the data last given to the figure here
    this.sourceId = null
    this.asked = 0
    this.taken = 0 // the number of the last pictures brought
  }

  // --- which epoch ------------------------------------------------------------------------------------------------

  moved(slider) {
    this.wanted = slider.value
    this.settle()
  }

  // The server shows another epoch, scene or figure. What BokehJS calls, it calls once all of a message is applied.
  announced() {
    this.settle()
  }

  // The server has changed what the figure shows, or this has.
  brought(source) {
    if (source.data !== this.own) this.settle()
  }

  filled() {
    this.settle()
  }

  // Put away what the film has brought; the first of it may have come with the page itself.
  take() {
    const data = film.data
    const batch = first(data, "batch") ?? 0
    if (batch === this.taken) return
    this.taken = batch
    const epochs = column(data, "epoch") ?? []
    if (first(data, "scene") === this.scene) {
      for (let i = 0; i < epochs.length; i++) {
        const record = {epoch: epochs[i]}
        for (const part of ["image", "rows", "columns", "title"]) record[part] = column(data, part)[i]
        this.held.set(epochs[i], record)
      }
    }
    film.setv({tags: [batch]}) // so that the server sends the next
  }

  settle() {
    if (!first(told.data, "source")) return this.forget()
    const source = this.source()
    if (source == null) return
    const from = told.data
    if (first(from, "scene") !== this.scene) {
      this.scene = first(from, "scene")
      this.held.clear()
      this.shown = null
    }
    if (source.data !== this.own) this.server = source.data
    this.take()
    const server = {
      epoch: first(from, "epoch"), image: first(this.server, "image"), rows: first(from, "rows"),
      columns: first(from, "columns"), title: null,
    }
    const wanted = this.wanted ?? server.epoch
    let chosen = this.held.get(wanted)
    if (server.epoch === wanted) {
      chosen = {...server, title: chosen?.title ?? null}
    } else if (chosen == null) {
      const off = (picture) => Math.abs(picture.epoch - wanted)
      chosen = this.shown == null || off(server) <= off(this.shown) ? server : this.shown
    }
    this.show(source, chosen)
  }

  // The server shows nothing.
  forget() {
    this.scene = this.shown = null
    this.held.clear()
    this.left()
  }

  show(source, picture) {
    this.shown = picture
    if (first(source.data, "image") !== picture.image) {
      const old = this.server
      const data = old instanceof Map ? new Map(old) : {...old}
      data instanceof Map ? data.set("image", [picture.image]) : (data.image = [picture.image])
      source.setv({data}, {sync: false})
      this.own = source.data
    }
    if (picture.title) {
      const title = film.document?.get_model_by_id(first(told.data, "title") ?? "")
      title?.setv({text: picture.title}, {sync: false})
    }
    this.answered() // what was told may be of another epoch
    const view = this.view()
    if (view && Number(view.el.dataset.epoch) !== picture.epoch) view.request_paint()
  }

  source() {
    const id = first(told.data, "source")
    const source = id && film.document?.get_model_by_id(id)
    if (!source) return null
    if (id !== this.sourceId) {
      this.sourceId = id
      this.server = source.data
      this.own = this.shown = null
    }
    return source
  }

  // --- the figure in the page -------------------------------------------------------------------------------------

  view() {
    const id = first(told.data, "figure")
    if (this.found?.model.id === id && !this.found.is_destroyed) return this.found
    const view = Bokeh.index.find_one_by_id(id)
    if (view == null) return null
    view.connect(view.repainted, () => this.painted(view))
    this.canvas = document.createElement("canvas")
    this.canvas.setAttribute("aria-hidden", "true")
    this.canvas.style.cssText = "position:absolute;inset:0;width:100%;height:100%;pointer-events:none"
    this.tip = document.createElement("div")
    this.tip.setAttribute("role", "tooltip")
    this.tip.hidden = true
    this.tip.style.cssText =
      "position:absolute;z-index:5;pointer-events:none;padding:6px 8px;border-radius:4px;width:max-content;" +
      "max-width:240px;font-size:12px;line-height:16px;color:var(--panel-on-background-color);" +
      "background:var(--panel-surface-color);border:1px solid color-mix(in srgb, currentColor 30%, transparent)"
    this.found = view
    return view
  }

  // The canvas has just been painted: say of which epoch it is, and draw what lies beside it.
  painted(view) {
    if (this.shown == null) return
    if (!this.canvas.isConnected) view.shadow_el.append(this.canvas, this.tip) // the figure was rendered anew
    this.strips(view)
    if (view.el.dataset.epoch !== String(this.shown.epoch)) view.el.dataset.epoch = String(this.shown.epoch)
  }

  // Along the right edge how many connections each row has, along the top how many each column: stayed, born and died.
  strips(view) {
    const {left, top, right, bottom, width, height} = view.frame.bbox
    const scale = window.devicePixelRatio || 1
    const box = view.el.getBoundingClientRect()
    this.canvas.width = Math.round(box.width * scale)
    this.canvas.height = Math.round(box.height * scale)
    const pen = this.canvas.getContext("2d")
    pen.scale(scale, scale)
    const {rows, columns} = this.shown
    const long = first(told.data, "strip") ?? 0
    if (!rows || !columns || !long || !this.server) return
    const colours = first(told.data, "colours")
    const [x, y, dw, dh] = ["x", "y", "dw", "dh"].map((name) => first(this.server, name))
    const bars = (counts, place, draw) => {
      const count = counts.length / 3
      for (let i = 0; i < count; i++) {
        const [low, high] = [place(i / count), place((i + 1) / count)].sort((a, b) => a - b)
        let from = 0
        for (let kind = 0; kind < 3; kind++) {
          const size = Math.min((counts[kind * count + i] / 255) * long, long - from)
          pen.fillStyle = colours[kind]
          draw(low, Math.max(high - low, 0.5), from, size)
          from += size
        }
      }
    }
    const clip = (...rectangle) => {
      pen.restore()
      pen.save()
      pen.beginPath()
      pen.rect(...rectangle)
      pen.clip()
    }
    const {x_scale, y_scale} = view.frame
    pen.save()
    clip(right, top, long + 4, height)
    bars(rows, (share) => y_scale.compute(y + share * dh), (at, thick, from, size) =>
      pen.fillRect(right + 4 + from, at, size, thick))
    clip(left, top - long - 4, width, long + 4)
    bars(columns, (share) => x_scale.compute(x + share * dw), (at, thick, from, size) =>
      pen.fillRect(at, top - 4 - from - size, thick, size))
    pen.restore()
  }

  // --- what is under the pointer ----------------------------------------------------------------------------------

  pointed(event) {
    const image = this.shown?.image
    if (!this.view() || !image || !this.server) return
    this.at = [event.sx, event.sy]
    const [x, y, dw, dh] = ["x", "y", "dw", "dh"].map((name) => first(this.server, name))
    const inside = event.x >= x && event.x < x + dw && event.y >= y && event.y < y + dh
    if (!inside) return this.left()
    const [down, across] = image.shape ?? [1, 1]
    const cell = `${Math.floor(((event.y - y) / dh) * down)} ${Math.floor(((event.x - x) / dw) * across)}`
    if (cell === this.cell) return this.place()
    this.cell = cell
    this.tip.hidden = true
    this.question = [++this.asked, event.x, event.y]
    this.timer ??= setTimeout(() => {
      this.timer = null
      if (this.question) probe.setv({tags: this.question})
    }, 40)
  }

  left() {
    if (this.tip) this.tip.hidden = true
    if (this.question) probe.setv({tags: []})
    this.cell = this.question = null
  }

  // Show what the server has told last, as long as it is of what is asked and of the epoch shown.
  answered() {
    if (!this.tip) return
    const lines = column(probe.data, "line") ?? []
    const asked = this.question && first(probe.data, "asked") === this.asked
    this.tip.hidden = !asked || !lines.length || first(probe.data, "epoch") !== this.shown?.epoch
    if (this.tip.hidden) return
    this.tip.replaceChildren(...lines.map((line) => {
      const row = document.createElement("div")
      row.textContent = line
      return row
    }))
    // The style sheets of a figure name a font of their own.
    this.tip.style.fontFamily = getComputedStyle(document.body).fontFamily
    this.place()
  }

  place() {
    if (this.tip.hidden) return
    const box = this.found.el.getBoundingClientRect()
    const [wide, high] = [this.tip.offsetWidth, this.tip.offsetHeight]
    const [x, y] = this.at
    this.tip.style.left = `${Math.max(0, x + 14 + wide > box.width ? x - 14 - wide : x + 14)}px`
    this.tip.style.top = `${Math.max(0, y + 14 + high > box.height ? y - 14 - high : y + 14)}px`
  }
}

const reels = (globalThis.strnnReels ??= new WeakMap())
if (!reels.has(film)) reels.set(film, new Reel())
reels.get(film)[what](cb_obj)
