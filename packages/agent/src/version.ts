/** The version that `evio --version` and `evio status` print. */
export const VERSION = '0.1.0';
