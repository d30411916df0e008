/** The labels of one series or group, and a text that is equal where the labels are. */
export interface LabelSet {
  /** Without the metric's name and without empty labels. */
  readonly labels: Readonly<Record<string, string>>
  readonly key: string
}

/** One value for each label set at one moment. No label set comes twice. */
export interface RuleVector {
  readonly labelSets: readonly LabelSet[]
  /** As many as there are label sets. */
  readonly values: ArrayLike<number>
  /**
   * Whether samples were lost that the values needed, so that they say nothing. Default: all were
   * there, or never taken.
   */
  readonly isIncomplete?: boolean | undefined
  /** Label sets whose histograms lack the bucket that was asked for. Default: none. */
  readonly withoutBucket?: readonly LabelSet[] | undefined
  /**
   * Whether the value is 0 for every label set that is not there, as where a repository counted and
   * found none. Default: nothing is known of it.
   */
  readonly isZeroElsewhere?: boolean | undefined
}

export const EMPTY_LABEL_SET: LabelSet = /* @__PURE__ */ createLabelSet({})

/** Makes the label set of a series: of all its labels, or of those that `by` keeps. */
export function createLabelSet(
  labels: Readonly<Record<string, string>>,
  by: readonly string[] | null = null,
): LabelSet {
  const kept = Object.entries(labels)
    .filter(([name, value]) => value !== '' && (by === null || by.includes(name)))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  return { labels: Object.freeze(Object.fromEntries(kept)), key: JSON.stringify(kept) }
}

/** Finds the values of one vector by the label sets of another. */
export interface VectorLookup {
  /** The index of the label set in the vector, or -1. */
  indexOf(labelSet: LabelSet, guess: number): number
}

/** Vectors of one rule mostly have the same label sets in the same order, so that a guess is right. */
export function createVectorLookup({ labelSets }: RuleVector): VectorLookup {
  let indexByKey: Map<string, number> | undefined
  return {
    indexOf({ key }, guess) {
      if (labelSets[guess]?.key === key) return guess
      indexByKey ??= new Map(labelSets.map((each, index) => [each.key, index]))
      return indexByKey.get(key) ?? -1
    },
  }
}
