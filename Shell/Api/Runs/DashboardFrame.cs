using SynthSae.Api;
using SynthSae.Dashboard;
using SynthSae.Dashboard.Runtime;
using SynthSae.Store;
using SynthSae.Terminal;

namespace SynthSae;

/// <summary>
/// The dashboard's screens as text, for scripts and reports: what <c>synthsae dashboard</c> would
/// show at this moment, without colours.
/// </summary>
public static class DashboardFrame
{
    /// <summary>The list of the runs in a folder.</summary>
    /// <param name="runsFolder">The folder of run folders, which need not exist.</param>
    /// <param name="columns">Width, at least 1.</param>
    /// <param name="rows">Height, at least 1.</param>
    /// <param name="ascii">Without lines, blocks and braille.</param>
    /// <returns>As many lines as there are rows, separated by newlines.</returns>
    /// <exception cref="SynthSaeException">The folder cannot be read.</exception>
    public static string OfRuns(
        string runsFolder, int columns = 80, int rows = 24, bool ascii = false) =>
        Render(new RunStore(runsFolder), SizeOf(columns, rows), ascii, null);

    /// <summary>One run with its curves.</summary>
    /// <param name="runsFolder">The folder of run folders.</param>
    /// <param name="run">As for <see cref="RunDirectory.Find"/>.</param>
    /// <param name="columns">Width, at least 1.</param>
    /// <param name="rows">Height, at least 1.</param>
    /// <param name="ascii">Without lines, blocks and braille.</param>
    /// <returns>As many lines as there are rows, separated by newlines.</returns>
    /// <exception cref="SynthSaeException">There is no such run, or it cannot be read.</exception>
    public static string OfRun(
        string runsFolder, string run, int columns = 80, int rows = 24, bool ascii = false)
    {
        var store = new RunStore(runsFolder);
        var found = Boundary.Run(() => store.Get(run));
        return Render(store, SizeOf(columns, rows), ascii, found.Id);
    }

    private static Size SizeOf(int columns, int rows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        return new Size(columns, rows);
    }

    private static string Render(RunStore store, Size size, bool ascii, string? run) =>
        Boundary.Run(() =>
        {
            var now = DateTime.UtcNow;
            var model = Model.Of(
                new Context
                {
                    Size = size,
                    Caps = new Caps(ColourDepth.None, ascii ? Glyphs.Ascii : Glyphs.Braille),
                    Now = now,
                    ReadOnly = true,
                },
                DashboardProgram.Screens(ViewSettings.Default));
            var feeds = new Feeds(new StoredRuns(store), () => now);
            model = Feed(model, feeds, []);
            if (run is not null)
            {
                model = model with
                {
                    Active = ScreenId.Run,
                    Context = model.Context with { Chosen = run },
                };
                model = Feed(Update.Of(model, new Msg.Shown()).Model, feeds, []);
            }

            return View.Of(model).ToString();
        });

    // Everything that the screen wants to know, once.
    private static Model Feed(Model model, Feeds feeds, HashSet<Subscription> fed)
    {
        while (Subscriptions.Of(model).FirstOrDefault(wanted => !fed.Contains(wanted)) is { } next)
        {
            fed.Add(next);
            foreach (var message in feeds.Open(next).Poll())
            {
                model = Update.Of(model, message).Model;
            }
        }

        return model;
    }
}
