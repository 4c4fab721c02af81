import { useMutation, useQuery } from '@apollo/client/react';
import { Badge, Button, Checkbox, Group, MultiSelect, Stack, Tabs, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useOutletContext, useSearchParams } from 'react-router';
import {
  CancelRequestDocument, DeclineRequestDocument, type Direction, MoneyRequestsDocument, PayRequestDocument, type PersonPartsFragment,
  RequestMoneyDocument, type RequestPartsFragment, SplitBillDocument,
} from '../gql/graphql';
import { useAction, useAttempt, useViewer } from '../lib/hooks';
import { money, REQUEST_STATUS, time } from '../lib/words';
import { MoneyInput, NOT_AN_AMOUNT, useTypedMoney } from '../parts/MoneyInput';
import { Empty, Page, Panel } from '../parts/Page';
import { PersonLine } from '../parts/Person';
import { PersonPicker, usePeople } from '../parts/PersonPicker';
import { RowSkeletons } from '../parts/TransactionList';
import { Troubles } from '../parts/Troubles';
import { Unanswered } from '../parts/Unanswered';
import type { Review } from '../Shell';

export default function Requests() {
  const [parameters, setParameters] = useSearchParams();
  return (
    <Page title="Requests">
      <Tabs value={parameters.get('show') ?? 'inbox'} onChange={(show) => setParameters({ show: show ?? 'inbox' }, { replace: true })} keepMounted={false}>
        <Tabs.List mb="lg">
          <Tabs.Tab value="inbox">Inbox</Tabs.Tab>
          <Tabs.Tab value="sent">Sent</Tabs.Tab>
          <Tabs.Tab value="ask">Ask</Tabs.Tab>
          <Tabs.Tab value="split">Split</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="inbox"><RequestList direction="INCOMING" /></Tabs.Panel>
        <Tabs.Panel value="sent"><RequestList direction="OUTGOING" /></Tabs.Panel>
        <Tabs.Panel value="ask"><Ask /></Tabs.Panel>
        <Tabs.Panel value="split"><Split /></Tabs.Panel>
      </Tabs>
    </Page>
  );
}

function RequestList({ direction }: { direction: Direction }) {
  const { data, fetchMore, loading } = useQuery(MoneyRequestsDocument, { variables: { direction, first: 20 } });
  if (!data) return <Panel><RowSkeletons /></Panel>;
  const { edges, pageInfo } = data.moneyRequests;
  return (
    <Panel>
      {edges.length === 0 && <Empty>{direction === 'INCOMING' ? 'You have no requests to pay.' : 'You have sent no requests.'}</Empty>}
      <Stack gap="lg">
        {edges.map(({ node }) => <Request key={node.id} request={node} />)}
        {pageInfo.hasNextPage && <Button variant="default" loading={loading} onClick={() => fetchMore({ variables: { after: pageInfo.endCursor } })}>Show more</Button>}
      </Stack>
    </Panel>
  );
}

function Request({ request }: { request: RequestPartsFragment }) {
  const isIncoming = request.direction === 'INCOMING';
  const { review } = useOutletContext<Review>();
  const [payRequest] = useMutation(PayRequestDocument);
  const [decline] = useMutation(DeclineRequestDocument);
  const [cancel] = useMutation(CancelRequestDocument);
  const end = useAction();
  const paying = useAttempt(`request.${request.id}`, async ({ id }: { id: string }, idempotencyKey) =>
    (await payRequest({ variables: { input: { id, idempotencyKey } } })).data?.payRequest);
  const pay = async () => {
    const payload = await paying.send({ id: request.id });
    if (payload?.transaction?.status === 'PENDING_CONFIRMATION') review(payload.transaction.id);
  };
  const close = () => end.run(async () => isIncoming
    ? (await decline({ variables: { id: request.id } })).data?.declineRequest
    : (await cancel({ variables: { id: request.id } })).data?.cancelRequest);
  const person = isIncoming ? request.requester : request.payer;
  const { text, color } = REQUEST_STATUS[request.status];
  const isOpen = request.status === 'PENDING';
  return (
    <div role="group" aria-label={`${person.name}, ${money(request.amount)}`}>
      <Group justify="space-between" wrap="nowrap">
        <PersonLine person={person} />
        <Stack gap={2} align="flex-end">
          <Text className="amount" fw={600}>{money(request.amount)}</Text>
          {!isOpen && <Badge size="sm" variant="light" color={color}>{text}</Badge>}
        </Stack>
      </Group>
      <Group justify="space-between" mt="xs">
        <Text size="sm" c="dimmed">{request.description} · {isOpen ? `until ${time(request.expiresAt)}` : time(request.updatedAt)}</Text>
        {isOpen && (
          <Group gap="xs">
            <Button variant="default" size="compact-sm" loading={end.isBusy} onClick={close}>{isIncoming ? 'Decline' : 'Cancel'}</Button>
            {isIncoming && <Button size="compact-sm" loading={paying.isBusy} onClick={pay}>Pay</Button>}
          </Group>
        )}
      </Group>
      {paying.unanswered && isOpen && <Unanswered isBusy={paying.isBusy} onResend={pay}>You paid this request.</Unanswered>}
      <Troubles troubles={[...paying.troubles, ...end.troubles]} />
    </div>
  );
}

function Ask() {
  const { wallet } = useViewer();
  const typedMoney = useTypedMoney();
  const [from, setFrom] = useState<PersonPartsFragment | null>(null);
  const [amount, setAmount] = useState('');
  const [description, setDescription] = useState('');
  const [asked, setAsked] = useState<RequestPartsFragment | null>(null);
  const [requestMoney] = useMutation(RequestMoneyDocument, { refetchQueries: ['MoneyRequests'] });
  type Asking = { from: string; amount: string; description: string };
  const { send, isBusy, troubles, of, unanswered } = useAttempt('ask', async (input: Asking, idempotencyKey) =>
    (await requestMoney({ variables: { input: { ...input, idempotencyKey } } })).data?.requestMoney);
  const sum = typedMoney(amount);
  const ask = async (input: Asking) => {
    const payload = await send(input);
    if (!payload?.moneyRequest) return;
    setAsked(payload.moneyRequest);
    setAmount('');
    setDescription('');
  };
  return (
    <Panel title="Ask for money">
      <form onSubmit={(event: FormEvent) => {
        event.preventDefault();
        if (from && sum) void ask({ from: from.username, amount: sum.amount, description: description.trim() });
      }}>
        <Stack>
          {unanswered && <Unanswered isBusy={isBusy} onResend={() => void ask(unanswered)}>You asked @{unanswered.from} for {unanswered.amount} {wallet.currency}.</Unanswered>}
          <PersonPicker label="From" required value={from} onPick={setFrom} error={of('from')} />
          <MoneyInput label="Amount" required value={amount} onChange={setAmount} error={of('amount') ?? (amount.trim() && !sum ? NOT_AN_AMOUNT : undefined)} />
          <TextInput label="What for" required maxLength={500} value={description} onChange={(event) => setDescription(event.currentTarget.value)} error={of('description')} />
          <Troubles troubles={troubles} shown={['from', 'amount', 'description']} />
          <Button type="submit" loading={isBusy} disabled={!from || !sum || unanswered !== null}>{sum ? `Ask for ${sum.format()}` : 'Ask'}</Button>
          <Text role="status" c="dimmed">{asked && `You asked ${asked.payer.name} for ${money(asked.amount)}.`}</Text>
        </Stack>
      </form>
    </Panel>
  );
}

function Split() {
  const { wallet } = useViewer();
  const typedMoney = useTypedMoney();
  const [typed, setTyped] = useState('');
  const [known, setKnown] = useState<Record<string, string>>({});
  const [among, setAmong] = useState<string[]>([]);
  const [amount, setAmount] = useState('');
  const [description, setDescription] = useState('');
  const [includeMe, setIncludeMe] = useState(true);
  const [result, setResult] = useState<{ share: string | null; requests: RequestPartsFragment[] } | null>(null);
  const { people, isSearching } = usePeople(typed);
  const [splitBill] = useMutation(SplitBillDocument, { refetchQueries: ['MoneyRequests'] });
  type Bill = { among: string[]; total: string; description: string; includeMe: boolean };
  const { send, isBusy, troubles, of, unanswered } = useAttempt('split', async (input: Bill, idempotencyKey) =>
    (await splitBill({ variables: { input: { ...input, idempotencyKey } } })).data?.splitBill);
  const sum = typedMoney(amount);
  const names = { ...known, ...Object.fromEntries(people.map(({ username, name }) => [username, name])) };
  const split = async (bill: Bill) => {
    const payload = await send(bill);
    if (!payload || payload.moneyRequests.length === 0) return;
    setResult({ share: payload.myShare ? money(payload.myShare) : null, requests: payload.moneyRequests });
    setAmount('');
    setDescription('');
  };
  return (
    <Panel title="Split a bill">
      <form onSubmit={(event: FormEvent) => {
        event.preventDefault();
        if (among.length > 0 && sum) void split({ among, total: sum.amount, description: description.trim(), includeMe });
      }}>
        <Stack>
          {unanswered && <Unanswered isBusy={isBusy} onResend={() => void split(unanswered)}>You split {unanswered.total} {wallet.currency}.</Unanswered>}
          <MultiSelect label="With" required searchable placeholder={among.length === 0 ? 'Names or @usernames' : ''} value={among} searchValue={typed} onSearchChange={setTyped}
            onChange={(chosen) => { setAmong(chosen); setKnown(names); }} filter={({ options }) => options} nothingFoundMessage={isSearching ? 'Searching…' : 'Nobody has this name'}
            data={[...new Set([...among, ...people.map(({ username }) => username)])].map((username) => ({ value: username, label: names[username] ? `${names[username]} (@${username})` : username }))} error={of('among')} />
          <MoneyInput label="Whole bill" required value={amount} onChange={setAmount} error={of('total') ?? (amount.trim() && !sum ? NOT_AN_AMOUNT : undefined)} />
          <TextInput label="What for" required maxLength={500} value={description} onChange={(event) => setDescription(event.currentTarget.value)} error={of('description')} />
          <Checkbox label="I pay a share too" checked={includeMe} onChange={(event) => setIncludeMe(event.currentTarget.checked)} />
          <Troubles troubles={troubles} shown={['among', 'total', 'description']} />
          <Button type="submit" loading={isBusy} disabled={among.length === 0 || !sum || unanswered !== null}>Split</Button>
          <div role="status">
            {result && (
              <Stack gap={4}>
                {result.requests.map((request) => <Text key={request.id} size="sm">You asked {request.payer.name} for <b className="amount">{money(request.amount)}</b>.</Text>)}
                {result.share && <Text size="sm">Your own share is <b className="amount">{result.share}</b>.</Text>}
              </Stack>
            )}
          </div>
        </Stack>
      </form>
    </Panel>
  );
}
