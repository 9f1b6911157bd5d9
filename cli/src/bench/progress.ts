/** Told before each step, and now and then while a long one goes on. */
export type Progress = (step: number, steps: number, what: string) => void;
