// The views of the page, in the order of the navigation. A view is one module with one exported function:
//
//   export function show(place, page) { …; return { update, refresh, leave }; }
//
// `place` is an empty element, which the view fills. `page` connects the view with the shell:
//
//   page.state()          the parameters of the URL as an object of strings, such as { range: "7d" }
//   page.go(changes)      changes parameters and adds an entry to the history; null removes a parameter
//   page.replace(changes) the same, without an entry in the history
//   page.open(view, parameters)  shows another view
//   page.href(view, parameters)  returns the address of a view, for links
//   page.refresh()        refreshes now, for example after a change that the user made
//   page.failed(error)    shows the error of a request; without a valid key, it asks for the key
//   page.say(text)        shows a short message for a few seconds, and announces it
//   page.isNarrow()       whether the page has the layout of a phone
//
// What the function returns; each member may be missing:
//
//   update(state)         is called after each change of the parameters, also by back and forward
//   refresh()             is called at first, then every 30 seconds while the page is visible. It returns a promise.
//                         Errors are shown by the shell. It may resolve to { status, budget }; if it resolves to
//                         nothing, the shell requests /health for the status.
//   leave()               is called when another view is opened: remove timers and listeners of the document
//
// To add a view: write the module, and add a line here. `load` imports it when it is first opened, so that no view
// makes the first page slower. A view with `hidden: true` is not in the navigation. Its styles can be in a file of its
// own: `styles` names it, and it is loaded with the module.

export const VIEWS = [
  { id: "overview", title: "Overview", load: () => import("./overview.js") },
  { id: "try", title: "Try it", styles: "tools.css", load: () => import("./try.js") },
  { id: "import", title: "Import", styles: "tools.css", load: () => import("./import.js") },
  { id: "jobs", title: "Jobs", styles: "tools.css", load: () => import("./jobs.js") },
  { id: "profile", title: "Profile", styles: "tools.css", load: () => import("./profile.js") },
  { id: "alerts", title: "Alerts", styles: "tools.css", load: () => import("./alerts.js") },
];

export const FIRST = VIEWS[0].id;

export const viewOf = (id) => VIEWS.find((view) => view.id === id) ?? VIEWS[0];
