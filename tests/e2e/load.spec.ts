import { expect, test } from "./support/test.ts";

test("the slider steers the sample load, and the cluster's rate follows", async ({ console }) => {
  const { page } = console;
  await console.open("/");
  const slider = page.getByRole("slider", { name: "Load, commands a second" });
  const rate = page.getByTestId("figures").locator("div", { hasText: "Requests/s" }).locator(".v");
  const figure = async (): Promise<number> => Number((await rate.textContent())?.replace(",", ""));
  await slider.press("Home");
  await expect(page.getByText("Load: 0 commands a second")).toBeVisible();
  await expect.poll(figure).toBe(0);

  for (let step = 0; step < 5; step++) await slider.press("ArrowRight");
  await expect(page.getByText("Load: 100 commands a second")).toBeVisible();
  const answer = await page.request.get("/api/load");
  expect(await answer.json()).toMatchObject({ targetPerSecond: 100 });
  await expect.poll(figure).toBeGreaterThan(50);

  await page.reload();
  await expect(page.getByRole("navigation").getByText("100/s")).toBeVisible();
  await slider.press("ArrowLeft");
  await slider.press("ArrowLeft");
  await expect(page.getByText("Load: 25 commands a second")).toBeVisible();
});
