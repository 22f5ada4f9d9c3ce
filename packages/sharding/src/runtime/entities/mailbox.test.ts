import fc from "fast-check";
import { expect, test } from "vitest";
import type { EntityRequest } from "./executor-messages.ts";
import { Mailbox } from "./mailbox.ts";

const request = (requestId: number) => ({ requestId }) as EntityRequest;

test("a mailbox behaves like a list: push at the end, shift at the front, take by any rule", () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.constant("push" as const) },
    { weight: 4, arbitrary: fc.constant("shift" as const) },
    { weight: 1, arbitrary: fc.integer({ min: 2, max: 5 }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600, size: "max" }), (steps) => {
      const mailbox = new Mailbox();
      let model: number[] = [];
      steps.forEach((at, requestId) => {
        if (at === "push") {
          mailbox.push(request(requestId));
          model.push(requestId);
        } else if (at === "shift") {
          expect(mailbox.shift()?.requestId).toBe(model.shift());
        } else {
          const taken = mailbox.take((waiting) => waiting.requestId % at === 0);
          expect(taken.map((waiting) => waiting.requestId)).toEqual(
            model.filter((id) => id % at === 0),
          );
          model = model.filter((id) => id % at !== 0);
        }
        expect(mailbox.size).toBe(model.length);
      });
    }),
  );
});

test("a long queue keeps its order while its front is taken", () => {
  const mailbox = new Mailbox();
  for (let id = 0; id < 1000; id += 1) mailbox.push(request(id));
  const taken = Array.from({ length: 1000 }, () => mailbox.shift()?.requestId);
  expect(taken).toEqual(Array.from({ length: 1000 }, (_, id) => id));
  expect(mailbox.shift()).toBeUndefined();
});
