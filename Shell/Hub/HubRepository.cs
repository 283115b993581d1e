using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using SynthSae.Formatting;

namespace SynthSae.Hub;

/// <summary>What the hub says of a repository.</summary>
internal sealed class HubRepository(HubHttp http, HubId id)
{
    // Some megabytes are thousands of files.
    private const int MaxListing = 1 << 26;

    private readonly string[] _name = id.Repository.Split('/');

    /// <summary>The commit of the id's revision, and its files.</summary>
    public async Task<HubListing> ListAsync(int attempts, CancellationToken stop)
    {
        var uri = http.Address(["api", "models", .. _name, "revision", id.Revision]);
        var request = new HubRequest(HttpMethod.Get, uri, id, $"repository {id.Repository}");
        using var answer = await http.AskAsync(request, attempts, stay: false, stop);
        var text = await ReadAsync(answer, uri, stop);
        return Listing(text)
            ?? throw HubFailure.OfAnswer(uri, "answers with something else than a list of files; "
                + "is it a hub?");
    }

    /// <summary>Size and checksum of a file of the id's folder, at a commit.</summary>
    public async Task<HubFile> DescribeAsync(string name, string commit, CancellationToken stop)
    {
        var path = id.Path.Length == 0 ? name : $"{id.Path}/{name}";
        var uri = http.Address([.. _name, "resolve", commit, .. path.Split('/')]);
        var request = new HubRequest(HttpMethod.Head, uri, id, path);
        using var answer =
            await http.AskAsync(request, http.Settings.Attempts, stay: true, stop);
        var linked = First(answer.Headers, "X-Linked-Etag");
        var tag = linked ?? answer.Headers.ETag?.Tag ?? First(answer.Headers, "ETag") ?? "";
        var sum = Checksum.TryParse(tag.Replace("W/", "").Trim('"'))
            ?? throw HubFailure.OfAnswer(uri, $"gives no checksum of {path}");
        return new HubFile(id.At(commit), name, uri, sum, Size(answer, linked is not null));
    }

    private static long? Size(HttpResponseMessage answer, bool isLinked) =>
        long.TryParse(First(answer.Headers, "X-Linked-Size"), out var size) && size >= 0 ? size
        : isLinked && !answer.IsSuccessStatusCode ? null
        : answer.Content.Headers.ContentLength;

    private static string? First(HttpHeaders headers, string name) =>
        headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    private async Task<string> ReadAsync(
        HttpResponseMessage answer, Uri uri, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(http.Settings.Patience);
        try
        {
            await answer.Content.LoadIntoBufferAsync(MaxListing, limit.Token);
            return await answer.Content.ReadAsStringAsync(limit.Token);
        }
        catch (HttpRequestException error)
        {
            throw HubFailure.OfConnection(error, uri);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw HubFailure.OfSilence(uri, http.Settings.Patience);
        }
    }

    private static HubListing? Listing(string text) =>
        Json.TryObject(text) is { } json
        && Text(json["sha"]) is { } commit
        && HubId.IsCommit(commit)
        && json["siblings"] is JsonArray files
            ? new HubListing(
                commit,
                [
                    .. files
                        .Select(file => Text((file as JsonObject)?["rfilename"]) ?? "")
                        .Where(name => !name.Any(char.IsControl)), // they may reach a terminal
                ])
            : null;

    private static string? Text(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
