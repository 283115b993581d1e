namespace SynthSae.Terminal.Charts;

/// <summary>Where the parts of a chart stand; those without room are empty.</summary>
/// <param name="Title">One row.</param>
/// <param name="Legend">One row, or two.</param>
/// <param name="Labels">Of the vertical axis, with the axis in the last column.</param>
/// <param name="Plot">The dots.</param>
/// <param name="Axis">The horizontal axis.</param>
/// <param name="Values">Its labels.</param>
internal readonly record struct ChartLayout(
    Rect Title, Rect Legend, Rect Labels, Rect Plot, Rect Axis, Rect Values)
{
    private const int LeastPlotRows = 2;
    private const int LeastPlotColumns = 8;

    /// <summary>Divide an area.</summary>
    /// <param name="area">Of the chart.</param>
    /// <param name="hasTitle">There is a title.</param>
    /// <param name="legendRows">Rows that the legend wants.</param>
    /// <param name="labelWidth">Columns that the labels and the axis want.</param>
    public static ChartLayout Of(Rect area, bool hasTitle, int legendRows, int labelWidth)
    {
        var spare = area.Height - LeastPlotRows;
        int Take(int rows)
        {
            var taken = spare >= rows ? rows : 0;
            spare -= taken;
            return taken;
        }

        var titleRows = Take(hasTitle ? 1 : 0);
        var axisRows = Take(2);
        var legend = spare > 2 * legendRows ? Take(legendRows) : 0;
        var (title, rest) = area.CutTop(titleRows);
        (var legendArea, rest) = rest.CutTop(legend);
        var columns = area.Width - labelWidth >= LeastPlotColumns ? labelWidth : 0;
        var (values, above) = rest.CutBottom(axisRows / 2);
        var (axis, body) = above.CutBottom(axisRows / 2);
        var (labels, plot) = body.CutLeft(columns);
        return new ChartLayout(
            title, legendArea, labels, plot, axis.CutLeft(columns).Others, values);
    }
}
