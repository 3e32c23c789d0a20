export function drawPlots(_folder: URL, _seed: number): void {}
