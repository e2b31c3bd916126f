import { expect, test } from "vitest";
import { EventParser } from "../src/lib/event-stream";
import { characters } from "../src/lib/text";

const wire = 'id: 7\nevent: next\ndata: {"a":1}\n\n:\n\nevent: next\r\ndata: {"b":\r\ndata: 2}\r\n\r\nevent: complete\ndata:\n\n';

test("events come out whole, however the bytes were cut", () => {
  for (let size = 1; size <= wire.length; size++) {
    const seen: [string, string][] = [];
    const parser = new EventParser((event, data) => seen.push([event, data]));
    for (let at = 0; at < wire.length; at += size) parser.push(wire.slice(at, at + size));
    expect(seen).toEqual([["next", '{"a":1}'], ["next", '{"b":\n2}']]);
  }
});

test("characters are counted as a reader counts them", () => {
  expect(characters("  hello  ")).toBe(5);
  expect(characters("é")).toBe(1);
  expect(characters("👩‍👩‍👧‍👦🇯🇵")).toBe(2);
  expect(characters(" \n ")).toBe(0);
});
