using System.Net;
using System.Net.Http.Headers;
using SynthSae.Hosting;

namespace SynthSae.Hub;

/// <summary>
/// Requests to the hub. The redirections are followed here, not by the client: the token goes to
/// the hub and to nobody else.
/// </summary>
internal sealed class HubHttp(HubSettings settings, IPullObserver observer) : IDisposable
{
    private const int MaxRedirections = 10;

    // What the hub says of a file, perhaps only in the answer that leads to it.
    private static readonly string[] Lasting = ["X-Linked-Etag", "X-Linked-Size"];

    private readonly HttpClient _client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = settings.Patience,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    public HubSettings Settings => settings;

    public IPullObserver Observer => observer;

    /// <summary>An address below the endpoint; the parts are escaped.</summary>
    public Uri Address(params IEnumerable<string> parts) =>
        new($"{settings.Endpoint.AbsoluteUri.TrimEnd('/')}/"
            + string.Join('/', parts.Select(Uri.EscapeDataString)));

    /// <summary>
    /// Ask, again after failures that may pass; the answer is a success, or for
    /// <paramref name="stay"/> also a redirection to another host, which is not followed.
    /// </summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="attempts">Attempts in all.</param>
    /// <param name="stay">Do not leave the hub.</param>
    /// <param name="stop">Ends it.</param>
    public async Task<HttpResponseMessage> AskAsync(
        HubRequest request, int attempts, bool stay, CancellationToken stop)
    {
        var backoff = new Backoff(this, attempts);
        while (true)
        {
            try
            {
                return await AskOnceAsync(request, stay, stop);
            }
            catch (HubFailure failure)
            {
                if (!await backoff.WaitAsync(failure, stop))
                {
                    throw;
                }
            }
        }
    }

    /// <summary>Ask once; the answer is as in <see cref="AskAsync"/>.</summary>
    public async Task<HttpResponseMessage> AskOnceAsync(
        HubRequest request, bool stay, CancellationToken stop)
    {
        var uri = request.Uri;
        Dictionary<string, IEnumerable<string>> lasting = [];
        for (var hop = 0; hop <= MaxRedirections; hop++)
        {
            var response = await SendAsync(request, uri, stop);
            foreach (var name in Lasting)
            {
                if (response.Headers.TryGetValues(name, out var values))
                {
                    lasting.TryAdd(name, values);
                }
            }

            var target = Target(response, uri);
            if (target is null || stay && !IsHub(target))
            {
                return Checked(response, request, lasting, isRedirection: target is not null);
            }

            response.Dispose();
            uri = target;
        }

        throw HubFailure.OfAnswer(request.Uri, "sends the request around in a circle");
    }

    public void Dispose() => _client.Dispose();

    private HttpResponseMessage Checked(
        HttpResponseMessage response,
        HubRequest request,
        Dictionary<string, IEnumerable<string>> lasting,
        bool isRedirection)
    {
        // 416: there are no more bytes than those that are here; what asks for a part knows of it.
        if (!response.IsSuccessStatusCode
            && !isRedirection
            && response.StatusCode != HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            using (response)
            {
                throw HubFailure.OfStatus(
                    response, request.Id, request.What, settings.TokenSource);
            }
        }

        foreach (var (name, values) in lasting)
        {
            response.Headers.Remove(name);
            response.Headers.TryAddWithoutValidation(name, values);
        }

        return response;
    }

    private async Task<HttpResponseMessage> SendAsync(
        HubRequest request, Uri uri, CancellationToken stop)
    {
        using var message = new HttpRequestMessage(request.Method, uri);
        message.Headers.UserAgent.Add(new ProductInfoHeaderValue("synthsae", Build.Version));
        // Sizes and parts are those of the file itself.
        message.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        if (settings.Token is { } token && IsHub(uri))
        {
            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (request.From > 0)
        {
            message.Headers.Range = new RangeHeaderValue(request.From, null);
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(settings.Patience);
        try
        {
            return await _client.SendAsync(
                message, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        }
        catch (HttpRequestException error)
        {
            throw HubFailure.OfConnection(error, uri);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw HubFailure.OfSilence(uri, settings.Patience);
        }
    }

    // Where a redirection leads; null if the answer is none.
    private static Uri? Target(HttpResponseMessage response, Uri uri)
    {
        if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308)
            || response.Headers.Location is not { } location
            || !Uri.TryCreate(uri, location, out var target))
        {
            return null;
        }

        return target.Scheme == Uri.UriSchemeHttps || target.Scheme == uri.Scheme
            ? target
            : throw HubFailure.OfAnswer(uri, $"leads from a secure address to {target.Scheme}");
    }

    private bool IsHub(Uri uri) =>
        Uri.Compare(
            uri,
            settings.Endpoint,
            UriComponents.SchemeAndServer,
            UriFormat.UriEscaped,
            StringComparison.OrdinalIgnoreCase) == 0;
}
