/**
 * Puts the files of `slices/order-shop` into the blocks of `docs/guide/order-shop.md` that name
 * them.
 *
 * Run `deno run -A scripts/docs_guide.ts` after a change of one; a test compares them.
 *
 * @module
 */

const page = new URL("../docs/guide/order-shop.md", import.meta.url);

/** The page with every named block filled. */
export async function renderOrderShop(): Promise<string> {
  const parts = (await Deno.readTextFile(page)).split(/^(```\w+ \S+\n)[^]*?(?=^```$)/m);
  for (const [index, part] of parts.entries()) {
    const [, file] = /^```\w+ (\S+)\n$/.exec(part) ?? [];
    if (file === undefined) continue;
    parts[index] += await Deno.readTextFile(
      new URL(`../slices/order-shop/${file}`, import.meta.url),
    );
  }
  return parts.join("");
}

if (import.meta.main) await Deno.writeTextFile(page, await renderOrderShop());
