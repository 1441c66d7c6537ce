"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const view = document.getElementById("view");
  const size = document.getElementById("size");
  const picture = document.getElementById("picture");
  const svg = picture.querySelector("svg");
  const lines = svg.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "g"));
  const labels = svg.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "g"));
  const find = document.getElementById("find");
  const told = document.getElementById("told");
  const rows = [...document.querySelectorAll(".matrix tbody tr")];
  const FEW = 6;
  const nodes = new Map();
  let scale = 1, width = 0, height = 0, chosen = null;

  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const drawn = (tag, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };

  const query = () => find.value.trim().toLowerCase();
  const matches = (text) => text.toLowerCase().includes(query());

  const listed = (node) => {
    node.list.replaceChildren();
    const words = query();
    const hits = words ? node.held.filter((h) => matches(h.name)) : [];
    const shown = node.open ? node.held : [...hits, ...node.held.filter((h) => !hits.includes(h))].slice(0, Math.max(FEW, Math.min(hits.length, 12)));
    for (const held of shown) {
      const uses = [["by", held.shared ? ["shared code"] : held.owners], ["written by", held.writers], ["read by", held.readers]]
        .filter(([, names]) => names.length).map(([word, names]) => `${word} ${names.join(", ")}`);
      const item = make("li", words && matches(held.name) ? "hit" : "", held.name);
      if (uses.length) item.title = uses.join("; ");
      node.list.append(item);
    }
    node.list.hidden = !shown.length;
    const rest = node.held.length - shown.length;
    node.more.textContent = node.open ? "show fewer" : `and ${rest} more`;
    node.more.hidden = !node.open && rest <= 0;
  };

  const add = (entry, kind) => {
    const box = make("div", `node ${kind}` + (entry.marks.length ? ` has-${entry.marks[0][0]}` : ""));
    const button = make("button");
    button.type = "button";
    button.setAttribute("aria-pressed", "false");
    button.append(make("span", "name", entry.name || entry.engine));
    const lines = kind === "store" ? [entry.identity] : [entry.root, entry.searches ? "offers a search" : ""];
    for (const line of lines) if (line) button.append(make("span", "faint", line));
    for (const [level, count] of entry.marks) {
      button.append(make("span", `mark ${level}`, `${count} ${level}${count > 1 ? "s" : ""}`));
    }
    box.append(button);
    const node = { ...entry, kind, box, button, held: entry.held || [], open: false, near: new Set([entry.id]) };
    node.list = make("ul");
    node.more = make("button", "more");
    node.more.type = "button";
    box.append(node.list, node.more);
    listed(node);
    button.addEventListener("click", () => choose(chosen === entry.id ? null : entry.id));
    node.more.addEventListener("click", () => { node.open = !node.open; listed(node); arrange(); });
    nodes.set(entry.id, node);
    picture.append(box);
  };

  const link = (from, to, text, className) => {
    const path = drawn("path", { class: className });
    const label = drawn("text", {});
    label.textContent = text;
    lines.append(path);
    labels.append(label);
    const edge = { from, to, text, path, label };
    nodes.get(from).near.add(to);
    nodes.get(to).near.add(from);
    return edge;
  };

  data.services.forEach((s) => add(s, "service"));
  data.stores.forEach((s) => add(s, "store"));
  const edges = [
    ...data.edges.map((e) => link(e.service, e.store, e.text, e.primary ? "primary" : "")),
    ...data.searches.map((a) => link(a.asking, a.asked, "searches", "asks")),
  ];

  const curve = (from, by, to) => {
    const [x1, y1, x2, y2] = [from.x + from.width / 2, from.y, to.x - to.width / 2, to.y];
    if (x2 <= x1) return null;
    const [a, b] = [(x1 + by.x) / 2, (by.x + x2) / 2];
    return `M${x1} ${y1}C${a} ${y1} ${a} ${by.y} ${by.x} ${by.y}C${b} ${by.y} ${b} ${y2} ${x2} ${y2}`;
  };

  const arrange = () => {
    const graph = new dagre.graphlib.Graph({ multigraph: true });
    graph.setGraph({ rankdir: "LR", nodesep: 14, ranksep: 110, edgesep: 8, marginx: 16, marginy: 16 });
    graph.setDefaultEdgeLabel(() => ({}));
    for (const [id, node] of nodes) {
      if (!node.box.hidden) graph.setNode(id, { width: node.box.offsetWidth, height: node.box.offsetHeight });
    }
    const drawnEdges = edges.filter((e) => graph.hasNode(e.from) && graph.hasNode(e.to));
    for (const e of edges) for (const part of [e.path, e.label]) part.toggleAttribute("data-off", !drawnEdges.includes(e));
    drawnEdges.forEach((e, n) => graph.setEdge(e.from, e.to, { width: 90, height: 14, labelpos: "c" }, String(n)));
    dagre.layout(graph);
    for (const id of graph.nodes()) {
      const at = graph.node(id);
      const { box } = nodes.get(id);
      box.style.left = `${at.x - at.width / 2}px`;
      box.style.top = `${at.y - at.height / 2}px`;
    }
    drawnEdges.forEach((e, n) => {
      const at = graph.edge(e.from, e.to, String(n));
      const straight = () => `M${at.points.map((p) => `${p.x} ${p.y}`).join("L")}`;
      e.path.setAttribute("d", curve(graph.node(e.from), at, graph.node(e.to)) || straight());
      e.label.setAttribute("x", at.x);
      e.label.setAttribute("y", at.y - 6);
    });
    ({ width, height } = graph.nodeCount() ? graph.graph() : { width: 1, height: 1 });
    svg.setAttribute("width", width);
    svg.setAttribute("height", height);
    zoom(scale);
  };

  const zoom = (to) => {
    scale = Math.min(2, Math.max(0.1, to));
    picture.style.transform = `scale(${scale})`;
    size.style.width = `${width * scale}px`;
    size.style.height = `${height * scale}px`;
  };
  const fit = () => zoom(Math.min(1, (view.clientWidth - 4) / width, (view.clientHeight - 4) / height));

  const show = () => {
    const words = query();
    let shown = null, count = 0;
    if (words) {
      shown = new Set();
      for (const [, node] of nodes) {
        const texts = [node.name, node.engine, node.identity, node.root, ...node.held.map((h) => h.name)];
        if (!texts.some((t) => t && matches(t))) continue;
        count += 1;
        node.near.forEach((id) => shown.add(id));
      }
    } else if (chosen) {
      shown = nodes.get(chosen).near;
    }
    for (const [id, node] of nodes) {
      node.box.hidden = shown !== null && !shown.has(id);
      node.box.toggleAttribute("aria-current", chosen === id && !words);
      node.button.setAttribute("aria-pressed", String(chosen === id && !words));
      listed(node);
    }
    let left = 0;
    for (const row of rows) {
      row.hidden = Boolean(words) && !matches(row.textContent);
      left += row.hidden ? 0 : 1;
    }
    arrange();
    const on = chosen && !words ? nodes.get(chosen) : null;
    told.textContent = words ? `${count} of ${nodes.size} services and stores, ${left} tables and collections`
      : on ? `${on.name || on.engine} and what it is connected to; Escape shows everything` : "";
    if (on) on.button.focus({ preventScroll: true });
    view.scrollTo({ left: 0, top: on ? on.box.offsetTop * scale - view.clientHeight / 2 : 0 });
  };
  const choose = (id) => { chosen = id; show(); };

  let wait = 0;
  find.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(show, 120); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { find.value = ""; choose(null); }
    if (event.key === "/" && document.activeElement !== find) { event.preventDefault(); find.focus(); }
  });
  document.getElementById("larger").addEventListener("click", () => zoom(scale * 1.25));
  document.getElementById("smaller").addEventListener("click", () => zoom(scale / 1.25));
  document.getElementById("fit").addEventListener("click", fit);
  let before = 1;
  window.addEventListener("beforeprint", () => { before = scale; zoom(Math.min(1, 1000 / width)); });
  window.addEventListener("afterprint", () => zoom(before));

  arrange();
  zoom(Math.min(1, Math.max(0.6, (view.clientWidth - 4) / width)));
})();
