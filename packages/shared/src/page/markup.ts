/** Text that is HTML already. */
export class Markup {
  readonly html: string;
  constructor(html: string) {
    this.html = html;
  }
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? character);

type Part = Markup | string | number | readonly Markup[];

const htmlOf = (part: Part): string => {
  if (part instanceof Markup) return part.html;
  if (typeof part === "object") return part.map(({ html }) => html).join("");
  return escaped(String(part));
};

/** html`<p>${name}</p>`: whatever is not Markup is escaped, so that names and event types cannot be markup. */
export const html = (texts: TemplateStringsArray, ...parts: Part[]): Markup =>
  new Markup(texts.reduce((all, text, index) => all + htmlOf(parts[index - 1] ?? "") + text));
