// A small reader for the XML that test runners write: elements, attributes, text, CDATA.

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  readonly text: string;
}

interface OpenElement extends Element {
  children: Element[];
  text: string;
}

const token =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<\/([\w:.-]+)\s*>|<([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|([^<]+)/gy;
const attribute = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/** The root element. Throws on a document that is not well-formed, a truncated one included. */
export function parseXml(source: string): Element {
  const top: OpenElement = { name: "", attributes: {}, children: [], text: "" };
  const open: OpenElement[] = [top];
  token.lastIndex = 0;

  while (token.lastIndex < source.length) {
    const at = token.lastIndex;
    const match = token.exec(source);
    if (match === null) throw new SyntaxError(`Not XML at offset ${at}`);
    const [, cdata, closing, opening, attributes, selfClosing, text] = match;
    const current = open[open.length - 1];

    if (text !== undefined) current.text += decode(text);
    else if (cdata !== undefined) current.text += cdata;
    else if (opening !== undefined) {
      const element = {
        name: opening,
        attributes: readAttributes(attributes),
        children: [],
        text: "",
      };
      current.children.push(element);
      if (selfClosing === "") open.push(element);
    } else if (closing !== undefined) {
      if (closing !== current.name) throw new SyntaxError(`</${closing}> closes <${current.name}>`);
      open.pop();
    }
  }

  if (open.length > 1) throw new SyntaxError(`<${open[open.length - 1].name}> is never closed`);
  if (top.children.length !== 1) throw new SyntaxError("There is no single root element");
  return top.children[0];
}

function readAttributes(source: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name, double, single] of source.matchAll(attribute)) {
    attributes[name] = decode(double ?? single);
  }
  return attributes;
}

const entities: Readonly<Record<string, string>> = {
  lt: "<",
  gt: ">",
  amp: "&",
  quot: '"',
  apos: "'",
};

function decode(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return entities[name] ?? whole;
    return String.fromCodePoint(hex === undefined ? Number(decimal) : parseInt(hex, 16));
  });
}
