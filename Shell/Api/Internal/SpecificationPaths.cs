namespace SynthSae.Api;

/// <summary>Errors of a part that was looked at within a whole run.</summary>
internal static class SpecificationPaths
{
    /// <summary>The result of the work, whose errors speak of the part's own fields.</summary>
    public static T Within<T>(string part, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (SpecificationException error)
        {
            throw new SpecificationException(
                error.Place, [.. error.Errors.Select(one => one with { Path = Own(one.Path) })]);
        }

        string Own(string path) =>
            path.StartsWith(part + ".", StringComparison.Ordinal) ? path[(part.Length + 1)..]
            : path == part ? ""
            : path;
    }
}
