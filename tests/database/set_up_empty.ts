/** Has no default export. */

export const setUp = (): void => {};
