// Exact decimals: an amount is a decimal string outside and a BigInt of scaled units inside.

const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,3}))?$/i;
const FINE = 24;

/** value · 10^places as a BigInt, cut towards zero; null when it is no plain number. */
export function scaled(value, places) {
	const match = NUMBER.exec(String(value ?? "").trim());
	if (!match || !(match[2] || match[3])) return null;
	const [, sign, whole, fraction = "", exponent = "0"] = match;
	const digits = whole + fraction;
	const shift = places + Number(exponent) - fraction.length;
	const units = BigInt(shift >= 0 ? digits + "0".repeat(shift) : digits.slice(0, shift) || "0");
	return sign === "-" ? -units : units;
}

/** units · 10^-places as a decimal string without needless zeros. */
export function unscaled(units, places) {
	const sign = units < 0n ? "-" : "";
	const digits = String(units).replace("-", "").padStart(places + 1, "0");
	const fraction = digits.slice(-places).replace(/0+$/, "");
	return sign + digits.slice(0, -places) + (fraction && `.${fraction}`);
}

/** What a person typed: {units} in 10^-decimals, or {problem} in words ("" for nothing typed). */
export function readAmount(text, decimals) {
	const typed = text.trim();
	if (!typed) return { problem: "" };
	if (typed.includes(",")) return { problem: "Use a point for decimals." };
	if (!/^(\d+\.?\d*|\.\d+)$/.test(typed)) return { problem: "Not a number." };
	if ((typed.split(".")[1] ?? "").length > decimals) return { problem: `At most ${decimals} decimals.` };
	const units = scaled(typed, decimals);
	return units > 0n ? { units } : { problem: "More than zero, please." };
}

/** For reading: grouped thousands, about `digits` significant digits (`least` decimals), cut, never rounded up. */
export function show(value, digits = 7, least = 2) {
	const units = scaled(value, FINE);
	if (units === null) return "–";
	const [whole, fraction = ""] = unscaled(units, FINE).split(".");
	const size = whole.replace(/^-?0?/, "").length;
	const places = size ? Math.max(digits - size, least) : digits + fraction.search(/[^0]|$/);
	const kept = fraction.slice(0, places).replace(/0+$/, "");
	return whole.replace(/\B(?=(\d{3})+$)/g, ",") + (kept && `.${kept}`);
}

/** The sum of decimals. */
export const sum = (all) => unscaled(all.reduce((total, one) => total + scaled(one, FINE), 0n), FINE);

/** a / b as a decimal, cut at 24 places; null when one is unknown or b is zero. */
export function ratio(a, b) {
	const [over, under] = [scaled(a, FINE), scaled(b, FINE)];
	return over === null || !under ? null : unscaled((over * 10n ** BigInt(FINE)) / under, FINE);
}

/** value · 10^places as a decimal, for another unit: a fraction in percent, bps in percent. */
export const shifted = (value, places) => {
	const units = scaled(value, FINE);
	return units === null ? null : unscaled(units, FINE - places);
};

/** Whether a > b; false when one is unknown. */
export function isMore(a, b) {
	const [left, right] = [scaled(a, FINE), scaled(b, FINE)];
	return left !== null && right !== null && left > right;
}

/** So many percent (a whole number) of an amount with these decimals, cut to what can be paid. */
export const portion = (amount, percent, decimals) =>
	unscaled((scaled(amount, decimals) * BigInt(percent)) / 100n, decimals);

/** A percentage for reading, two decimals, cut: "0.69 %", "< 0.01 %", "0.00 %"; "–" when unknown. */
export function percentWords(percent) {
	const hundredths = scaled(percent, 2);
	if (hundredths === null) return "–";
	if (!hundredths && scaled(percent, FINE)) return "< 0.01 %";
	return `${hundredths / 100n}.${String(hundredths % 100n).padStart(2, "0")} %`;
}

/** How far `actual` lies from `expected`: signed bps with two decimals, or null. */
export function bpsBetween(actual, expected) {
	const [a, b] = [scaled(actual, FINE), scaled(expected, FINE)];
	if (a === null || !b) return null;
	return (a > b ? "+" : "") + unscaled(((a - b) * 1_000_000n) / b, 2);
}

/** A fraction ("-0.0012") in bps with two decimals, or null. */
export function fractionToBps(fraction) {
	const units = scaled(fraction, 6);
	return units === null ? null : unscaled(units, 2);
}

/** Percent ("0.5") in whole bps; null when it is no number or finer than a bp. */
export function percentToBps(percent) {
	const units = scaled(percent, 4);
	return units === null || units % 100n ? null : Number(units / 100n);
}
