import { assert, property, string } from "fast-check";
import { expect, test } from "vitest";
import { html } from "./markup.ts";

test("what is put in stands as text, whatever it is", () => {
  assert(
    property(string({ unit: "binary" }), (text) => {
      const { html: made } = html`<p title="${text}">${text}</p>`;
      expect(made.slice(3, -4)).not.toMatch(/[<]/);
      expect(made.match(/"/g)).toHaveLength(2);
    }),
  );
  expect(html`<b>${'<script>alert("1")</script>&'}</b>`.html).toBe(
    "<b>&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;</b>",
  );
});

test("markup in markup stays markup", () => {
  const items = ["a", "<"].map((item) => html`<li>${item}</li>`);
  expect(html`${items}`.html).toBe("<li>a</li><li>&lt;</li>");
  expect(html`${html`<i>${1}</i>`}`.html).toBe("<i>1</i>");
});
