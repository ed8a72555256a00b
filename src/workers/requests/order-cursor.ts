/** How far the search of one peer through the order of pieces has come. Each look-up continues where the last one ended. */
export class OrderCursor {
  /** The order that `at` is a position of. */
  order = -1;
  at = 0;
  /** Missing pieces before `at` that the peer could not give. Where the order is made anew, the search continues after as many. */
  passed = 0;
  /** One look-up was not enough: the search goes on to its end before it begins anew. */
  isLong = false;
  /** Openings of reserved pieces (in a cluster) when it began; null: it passed a piece that the peer may have got since. */
  openings: number | null = null;

  /** The peer may give more than before: the search begins anew, at once or after its end. */
  widened(): void {
    this.openings = null;
  }

  begin(order: number, openings: number): void {
    this.order = order;
    this.openings = openings;
    this.at = 0;
    this.passed = 0;
    this.isLong = false;
  }

  /** Goes on in a new order, in which pieces have other places. */
  moveTo(order: number): void {
    this.order = order;
    this.openings = null;
    this.at = this.passed;
  }
}
