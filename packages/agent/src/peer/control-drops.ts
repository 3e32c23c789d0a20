/**
 * Control messages of peers that were dropped, for all peers of an agent together; under these names in
 * `evio status`.
 */
export class ControlDrops {
  /** They were no messages of ours, or said what their sender cannot know. */
  dropControlMalformed = 0;
  /** Their sender said more than it may. */
  dropControlRate = 0;
}
