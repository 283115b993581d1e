using SynthSae.Terminal;

namespace SynthSae.Dashboard;

/// <summary>Where the parts of the dashboard stand; those without room are empty.</summary>
/// <param name="Header">Names of the screens.</param>
/// <param name="Body">The screen.</param>
/// <param name="Status">The line of messages; that of the footer where rows are scarce.</param>
/// <param name="Footer">Keys.</param>
internal readonly record struct DashboardLayout(Rect Header, Rect Body, Rect Status, Rect Footer)
{
    /// <summary>The least that is useful.</summary>
    public static Size Least { get; } = new(40, 12);

    /// <inheritdoc cref="Of(Size, bool)"/>
    public static DashboardLayout Of(Context context) => Of(context.Size, context.Compact);

    /// <summary>Divide a screen; one below <see cref="Least"/> has a body only.</summary>
    public static DashboardLayout Of(Size size, bool compact)
    {
        var all = Rect.Of(size);
        var none = new Rect(0, 0, 0, 0);
        if (!size.Covers(Least))
        {
            return new DashboardLayout(none, all, none, none);
        }

        var (header, rest) = all.CutTop(1);
        (var footer, rest) = rest.CutBottom(1);
        if (compact)
        {
            return new DashboardLayout(header, rest, footer, footer);
        }

        var (status, body) = rest.CutBottom(1);
        return new DashboardLayout(header, body, status, footer);
    }
}
