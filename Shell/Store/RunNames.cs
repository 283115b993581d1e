using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Runs;

namespace SynthSae.Store;

/// <summary>What people call runs.</summary>
internal static class RunNames
{
    private const string Last = "@last";
    private const int MostNamed = 5;
    private const int MostCompared = 1000;

    /// <summary>
    /// The folder of the run that a name stands for, as <see cref="RunStore.Find"/> says; null if
    /// there is none.
    /// </summary>
    public static string? Resolve(string folder, string name)
    {
        if (name.Length == 0)
        {
            return null;
        }

        if (name[0] == '@')
        {
            return Recent(folder, name);
        }

        foreach (var path in new[] { Path.Combine(folder, name), name })
        {
            if (RunFolder.Is(path))
            {
                return Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
            }
        }

        var ids = Ids(folder);
        return One(folder, name, ids.Where(id => id.StartsWith(name, StringComparison.Ordinal)))
            ?? One(folder, name, ids.Where(id => id.Contains(name, StringComparison.Ordinal)));
    }

    /// <summary>"; did you mean …?" or nothing.</summary>
    public static string Hint(string folder, string name) =>
        Nearest.Hint(name, Ids(folder).TakeLast(MostCompared));

    private static string? Recent(string folder, string name)
    {
        var place = name == Last ? 1
            : Counts.TryParse(name[1..], out var number) && number >= 1 ? number
            : throw Failure.BadInput(name, $"must be {Last}, or @2, @3, … for those before it");
        return Ids(folder)
            .Reverse()
            .Select(id => Path.Combine(folder, id))
            .Where(RunFolder.Is)
            .ElementAtOrDefault((int)Math.Min(place, int.MaxValue) - 1);
    }

    private static string? One(string folder, string name, IEnumerable<string> ids)
    {
        var found = ids.Where(id => RunFolder.Is(Path.Combine(folder, id))).ToList();
        if (found.Count <= 1)
        {
            return found is [var id] ? Path.Combine(folder, id) : null;
        }

        var some = string.Join("\n  ", found.TakeLast(MostNamed));
        var more = found.Count > MostNamed ? $", the last {MostNamed}" : "";
        throw Failure.BadInput(name, $"fits {Counts.Exact(found.Count)} runs{more}:\n  {some}");
    }

    private static IReadOnlyList<string> Ids(string folder) =>
        Directory.Exists(folder)
            ?
            [
                .. Directory.EnumerateDirectories(folder)
                    .Select(path => Path.GetFileName(path)!)
                    .Where(id => !id.StartsWith('.'))
                    .Order(StringComparer.Ordinal),
            ]
            : [];
}
