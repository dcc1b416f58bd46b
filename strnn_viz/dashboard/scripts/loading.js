// A page answers once it is whole. What is asked of it before, Panel's server does, but does not say: it takes the
// browser for one that has yet to fetch the page.
{
  const FIRST = 200 // the template looks for the first time after 100 ms; what it has hidden by then is whole already
  const loader = document.getElementById("loader")
  loader.setAttribute("role", "status")
  loader.setAttribute("aria-label", "Loading")
  const parts = [...document.body.querySelectorAll(":scope > :not(script, #loader)")]
  for (const part of parts) part.inert = true
  const settle = () => {
    if (loader.style.display !== "none" && !loader.classList.contains("error")) return
    watch.disconnect()
    for (const part of parts) part.inert = false
  }
  const watch = new MutationObserver(settle)
  watch.observe(loader, { attributes: true })
  setTimeout(settle, FIRST)
}
