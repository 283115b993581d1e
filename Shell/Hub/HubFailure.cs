using System.Net;
using System.Security.Authentication;
using System.Text.RegularExpressions;

namespace SynthSae.Hub;

/// <summary>Something that the hub, or the way to it, has failed at.</summary>
/// <param name="problem">In words.</param>
internal sealed partial class HubFailure(string problem) : Exception(problem)
{
    /// <summary>The same request may succeed later.</summary>
    public bool IsPassing { get; init; }

    /// <summary>The wait that the hub asks for; null if it asks for none.</summary>
    public TimeSpan? Wait { get; init; }

    /// <summary>What a status that is no success means for a repository.</summary>
    public static HubFailure OfStatus(
        HttpResponseMessage response, HubId id, string what, string? tokenSource)
    {
        string? Header(string name) =>
            response.Headers.TryGetValues(name, out var values) ? values.First() : null;
        var status = (int)response.StatusCode;
        var code = Header("X-Error-Code");
        var host = response.RequestMessage?.RequestUri?.Host;
        // To a stranger the hub does not admit that a private repository exists.
        var problem = (status, code) switch
        {
            (_, "GatedRepo") => "access to it has to be asked for on its page at the hub; "
                + (tokenSource is null
                    ? "the request then needs a token (HF_TOKEN)"
                    : $"the token of {tokenSource} gives none"),
            (_, "RevisionNotFound") => $"has no branch, tag or commit {id.Revision}",
            (_, "EntryNotFound") => $"has no file {what}",
            (401, not "RepoNotFound") when tokenSource is not null =>
                $"{host} does not accept the token of {tokenSource}",
            (401, _) or (_, "RepoNotFound") => "there is no such repository, or "
                + (tokenSource is null
                    ? "it is private and needs a token (HF_TOKEN)"
                    : $"the token of {tokenSource} gives no access to it"),
            (403, _) => $"{host} refuses access to {what}"
                + (tokenSource is null ? "" : $"; the token of {tokenSource} does not give it"),
            (404, _) => $"{host} knows no {what}",
            (429, _) => $"{host} takes no more requests for now; try again later",
            _ => $"{host} answers {status} ({response.ReasonPhrase}) to the request for {what}"
                + (Header("X-Error-Message") is { } message ? $": {Plain(message)}" : ""),
        };
        return new HubFailure(problem)
        {
            IsPassing = status is 408 or 429 or 500 or 502 or 503 or 504,
            Wait = WaitOf(response, Header("RateLimit")),
        };
    }

    /// <summary>What has kept a request from being answered.</summary>
    public static HubFailure OfConnection(HttpRequestException error, Uri uri) =>
        new(error.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError =>
                $"the name {uri.Host} cannot be resolved; is there a network?",
            HttpRequestError.ConnectionError => $"no connection to {uri.Authority}: "
                + Plain(error.GetBaseException().Message),
            HttpRequestError.SecureConnectionError => $"no secure connection to {uri.Authority}: "
                + Plain(error.GetBaseException().Message),
            HttpRequestError.ResponseEnded => $"{uri.Authority} ended the connection",
            _ => $"{uri.Authority} could not be asked: {Plain(error.GetBaseException().Message)}",
        })
        {
            IsPassing = error.GetBaseException() is not AuthenticationException, // a certificate
        };

    /// <summary>Nothing was heard for too long.</summary>
    public static HubFailure OfSilence(Uri uri, TimeSpan patience) =>
        new($"{uri.Authority} was silent for {patience.TotalSeconds:0.#} s") { IsPassing = true };

    /// <summary>An answer that breaks the rules.</summary>
    public static HubFailure OfAnswer(Uri uri, string problem) => new($"{uri.Authority} {problem}");

    private static TimeSpan? WaitOf(HttpResponseMessage response, string? limits)
    {
        if (response.Headers.RetryAfter is { } after)
        {
            return after.Delta ?? after.Date - DateTimeOffset.UtcNow;
        }

        return response.StatusCode == HttpStatusCode.TooManyRequests
            && limits is not null
            && UntilReset().Match(limits) is { Success: true } match
                ? TimeSpan.FromSeconds(int.Parse(match.Groups[1].ValueSpan))
                : null;
    }

    // Text from outside, on one line of a terminal.
    private static string Plain(string text) =>
        string.Concat(text.Take(200).Select(letter => char.IsControl(letter) ? ' ' : letter));

    // The hub's own header: "api";r=0;t=112
    [GeneratedRegex(@"\bt=(\d{1,6})")]
    private static partial Regex UntilReset();
}
