interface Props {
  readonly rows: readonly (readonly [term: string, value: string])[];
}

/** Terms and their values. */
export function Facts({ rows }: Props) {
  return (
    <dl>
      {rows.map(([term, value]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
