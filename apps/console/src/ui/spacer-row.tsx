/** Stands for the rows of a virtual list that are not drawn. */
export const SpacerRow = ({ height }: { readonly height: number }) =>
  height > 0 ? (
    <tr>
      <td className="border-0! p-0!" style={{ height }} />
    </tr>
  ) : null;
