// Elements out of values. Text is only ever set as text; nothing a client wrote becomes markup.

/** The element with this id. */
export const $ = (id) => document.getElementById(id);

/** Listens on the element with this id. */
export const on = (id, type, listener) => $(id).addEventListener(type, listener);

/** An element: `data` is its data set, `onclick` its listener, the rest attributes; null is left out. */
export const h = (tag, properties, ...children) => fill(document.createElement(tag), properties, children);

/** The same for SVG. */
export const svg = (tag, properties, ...children) =>
	fill(document.createElementNS("http://www.w3.org/2000/svg", tag), properties, children);

/** Sets a text where it differs, so that screen readers announce a status once. */
export function setText(node, text) {
	if (node.textContent !== text) node.textContent = text;
}

/** A button that copies `text` and says so. */
export function copyButton(text, what) {
	const button = h("button", { class: "chip", "aria-label": `Copy ${what}` }, "Copy");
	button.onclick = async () => {
		const copied = navigator.clipboard?.writeText(text) ?? Promise.reject();
		setText(button, await copied.then(() => "Copied", () => "Not allowed"));
		setTimeout(() => setText(button, "Copy"), 1500);
	};
	return button;
}

function fill(node, properties, children) {
	for (const [name, value] of Object.entries(properties ?? {})) {
		if (name === "data") Object.assign(node.dataset, value);
		else if (name === "onclick") node.onclick = value;
		else if (value !== null && value !== undefined) node.setAttribute(name, value);
	}
	node.append(...children.flat(3).filter((child) => child || child === 0));
	return node;
}
