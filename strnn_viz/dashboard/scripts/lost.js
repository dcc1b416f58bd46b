// Written by the browser itself, since there is no server left to write it.
if (document.getElementById("connection-lost") == null) {
  const note = document.createElement("div")
  note.id = "connection-lost"
  note.setAttribute("role", "alert")
  note.textContent = "The explorer does not answer any more; this page shows what it last knew. " +
    "Start it again with strnn-viz explore, then reload this page."
  document.body.appendChild(note)
}
