import { relative, sep } from "node:path";
import type { RuleTester } from "oxlint/plugins-dev";
import { arrowFault, isPure } from "./arrows.ts";
import { fileNameFault } from "./file-names.ts";

/** The rules of this house that oxlint does not bring: an oxlint plugin, loaded by `.oxlintrc.json`. */

type Rule = Extract<Parameters<RuleTester["run"]>[1], { create: unknown; createOnce?: never }>;
type Visitor = ReturnType<Rule["create"]>;
type NodeOf<Kind extends keyof Visitor> = Parameters<NonNullable<Visitor[Kind]>>[0];

const posixPath = (path: string): string => path.split(sep).join("/");

const arrows: Rule = {
  create: (context) => {
    const file = posixPath(context.filename);
    const check = (source: NodeOf<"Literal">, typeOnly: boolean) => {
      if (typeof source.value !== "string") return;
      const message = arrowFault({ file, specifier: source.value, typeOnly });
      if (message) context.report({ node: source, message });
    };
    return {
      ImportDeclaration: ({ importKind, specifiers, source }) => {
        const onlyTypes = specifiers.every((one) => one.type === "ImportSpecifier" && one.importKind === "type");
        check(source, importKind === "type" || (specifiers.length > 0 && onlyTypes));
      },
      ExportNamedDeclaration: ({ exportKind, source }) => {
        if (source) check(source, exportKind === "type");
      },
      ExportAllDeclaration: ({ exportKind, source }) => check(source, exportKind === "type"),
      TSImportType: ({ source }) => check(source, true),
      ImportExpression: ({ source }) => {
        if (source.type === "Literal") check(source, false);
      },
    };
  },
};

const outsideWorld: ReadonlySet<string> = new Set([
  ..."console process performance fetch crypto globalThis global WebSocket require".split(" "),
  ..."setTimeout setInterval setImmediate queueMicrotask".split(" "),
]);

const randomMakers = /^(?:random|getRandomValues$|webcrypto$|generateKey|generatePrime)/;

/** What a use of a global in a pure room takes from outside, or undefined. `Date(...)` with arguments is arithmetic. */
const takenFromOutside = (node: NodeOf<"Identifier">): string | undefined => {
  const { name, parent } = node;
  if (outsideWorld.has(name)) return name;
  const member =
    parent.type === "MemberExpression" && parent.object === node && parent.property.type === "Identifier"
      ? parent.property.name
      : undefined;
  if (name === "Math" && member === "random") return "Math.random";
  if (name !== "Date") return undefined;
  if (member === "now") return "Date.now";
  if (parent.type === "CallExpression" && parent.callee === node) return "Date()";
  return parent.type === "NewExpression" && parent.arguments.length === 0 ? "new Date()" : undefined;
};

const pureCore: Rule = {
  create: (context) => {
    if (!isPure(posixPath(context.filename))) return {};
    const refuse = (node: NodeOf<"Identifier">, what: string) =>
      context.report({ node, message: `core is pure and must not use ${what}; take its value as an argument` });
    return {
      "Program:exit": () => {
        const [globalScope] = context.sourceCode.scopeManager.scopes;
        const known = globalScope?.variables.filter(({ defs }) => defs.length === 0) ?? [];
        const references = [...(globalScope?.through ?? []), ...known.flatMap((variable) => variable.references)];
        for (const { identifier } of new Set(references)) {
          if (identifier.type !== "Identifier") continue;
          const what = takenFromOutside(identifier);
          if (what) refuse(identifier, what);
        }
      },
      ImportSpecifier: ({ imported }) => {
        if (imported.type === "Identifier" && randomMakers.test(imported.name)) refuse(imported, imported.name);
      },
    };
  },
};

const fileNames: Rule = {
  create: (context) => ({
    Program: (node) => {
      const message = fileNameFault(posixPath(relative(context.cwd, context.filename)));
      if (message) context.report({ node, message });
    },
  }),
};

/** oxlint's own rule sees `export *`; this one sees a file that only passes on what others export by name. */
const noBarrel: Rule = {
  create: (context) => ({
    Program: (node) => {
      const passesOn = (one: (typeof node.body)[number]) =>
        one.type === "ExportAllDeclaration" ||
        (one.type === "ExportNamedDeclaration" && one.declaration === null && one.specifiers.length > 0);
      const rest = node.body.filter((one) => one.type !== "ImportDeclaration");
      if (rest.length > 0 && rest.every(passesOn))
        context.report({ node, message: "this file only passes on others' exports; import from where things live" });
    },
  }),
};

export default {
  meta: { name: "house" },
  rules: { arrows, "pure-core": pureCore, "file-names": fileNames, "no-barrel": noBarrel },
} satisfies { meta: { name: string }; rules: Record<string, Rule> };
