// The theme that was chosen, before anything is painted: so this is no module, which would come later.

{
	const NAMES = ["system", "light", "dark"];
	const KEPT = "dexec.theme";
	const chosen = () => NAMES.find((name) => name === localStorage.getItem(KEPT)) ?? "system";
	const apply = () => (document.documentElement.dataset.theme = chosen());
	apply();
	addEventListener("storage", apply);
	addEventListener("DOMContentLoaded", () => {
		const button = document.getElementById("theme");
		const show = () => {
			button.lastChild.textContent = chosen().replace(/^./, (first) => first.toUpperCase());
			button.setAttribute("aria-label", `Theme: ${chosen()}`);
		};
		button.addEventListener("click", () => {
			const next = NAMES[(NAMES.indexOf(chosen()) + 1) % NAMES.length];
			if (next === "system") localStorage.removeItem(KEPT);
			else localStorage.setItem(KEPT, next);
			apply();
			show();
		});
		show();
	});
}
