using System.Globalization;
using SynthSae.Compute;
using SynthSae.Core;
using SynthSae.Hosting;

namespace SynthSae.Hub;

/// <summary>
/// Where the hub is and where its files are kept: the settings of Python's huggingface_hub.
/// </summary>
/// <param name="Endpoint">The hub's address, without a slash at the end.</param>
/// <param name="CacheFolder">Holds a folder for each repository.</param>
/// <param name="Token">Is sent to the endpoint, and to no other host; null for none.</param>
/// <param name="TokenSource">The variable or file that the token is from; null for none.</param>
/// <param name="Offline">Use what is in the cache alone.</param>
internal sealed record HubSettings(
    Uri Endpoint, string CacheFolder, string? Token, string? TokenSource, bool Offline)
{
    private const string PublicHub = "https://huggingface.co";
    private const string OfflineVariable = "HF_HUB_OFFLINE";

    /// <summary>Time that the hub has for an answer, and for each part of a file.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Failed attempts in a row after which a request is given up.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>Wait after the first failure; it doubles with each further one.</summary>
    public TimeSpan FirstWait { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>The longest wait that the hub may ask for.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The settings that the environment holds: HF_ENDPOINT, HF_HUB_CACHE, HF_HOME, HF_TOKEN,
    /// HF_TOKEN_PATH, HF_HUB_OFFLINE, HF_HUB_DOWNLOAD_TIMEOUT.
    /// </summary>
    /// <exception cref="Failure">A variable holds what it must not.</exception>
    public static HubSettings OfEnvironment() => Read(Environment.GetEnvironmentVariable);

    /// <summary>The settings that variables of the given values stand for.</summary>
    public static HubSettings Read(Func<string, string?> variable)
    {
        string? Value(string name) => variable(name) is { Length: > 0 } value ? value : null;
        string? Folder(string name) => Value(name) is { } path ? Full(path) : null;

        var home = Folder("HF_HOME") ?? Path.Combine(
            Folder("XDG_CACHE_HOME") ?? Path.Combine(Folders.Home, ".cache"), "huggingface");
        var cache = Folder("HF_HUB_CACHE")
            ?? Folder("HUGGINGFACE_HUB_CACHE")
            ?? Path.Combine(home, "hub");
        var (token, source) =
            FindToken(Value, Folder("HF_TOKEN_PATH") ?? Path.Combine(home, "token"));
        var offline = Value(OfflineVariable) ?? Value("TRANSFORMERS_OFFLINE");
        return new HubSettings(
            Address(Value("HF_ENDPOINT") ?? PublicHub),
            cache,
            token,
            source,
            offline?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE")
        {
            Patience = Seconds("HF_HUB_DOWNLOAD_TIMEOUT", Value, TimeSpan.FromSeconds(10)),
        };
    }

    private static (string? Token, string? Source) FindToken(
        Func<string, string?> value, string file)
    {
        foreach (var variable in (string[])["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"])
        {
            if (value(variable) is { } token && token.Trim().Length > 0)
            {
                return (Checked(token, variable), variable);
            }
        }

        return File.Exists(file) && Core.Files.ReadText(file).Trim() is { Length: > 0 } kept
            ? (Checked(kept, file), file)
            : (null, null);
    }

    // The message must not show what may be a secret.
    private static string Checked(string token, string source) =>
        token.Trim() is var trimmed && trimmed.All(letter => letter is > ' ' and < '\x7f')
            ? trimmed
            : throw Failure.BadInput(source, "holds characters that no token has");

    private static Uri Address(string text) =>
        Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out var uri)
        && uri.Scheme is "http" or "https"
            ? uri
            : throw Failure.BadInput(
                "HF_ENDPOINT", $"must be an address such as {PublicHub} (got {text})");

    private static TimeSpan Seconds(string name, Func<string, string?> value, TimeSpan usual) =>
        value(name) is not { } text ? usual
        : double.TryParse(text, CultureInfo.InvariantCulture, out var seconds)
            && seconds is > 0 and < 86_400 ? TimeSpan.FromSeconds(seconds)
        : throw Failure.BadInput(name, $"must be a number of seconds above 0 (got {text})");

    private static string Full(string path) =>
        Path.GetFullPath(
            path == "~" || path.StartsWith("~/", StringComparison.Ordinal)
                ? Folders.Home + path[1..]
                : path);
}
