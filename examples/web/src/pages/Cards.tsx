import { useMutation, useQuery } from '@apollo/client/react';
import { Alert, Badge, Button, Card, CopyButton, Group, Modal, Progress, SimpleGrid, Skeleton, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Money } from '@pocketpay/client';
import { IconPlus, IconSnowflake } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import {
  type CardPartsFragment, CardsDocument, CloseCardDocument, FreezeCardDocument, IssueCardDocument, UnfreezeCardDocument, UpdateCardLimitsDocument,
} from '../gql/graphql';
import { useAction, useAttempt } from '../lib/hooks';
import { CARD_STATUS, money } from '../lib/words';
import { MoneyInput, useTypedMoney } from '../parts/MoneyInput';
import { Empty, Page, Panel } from '../parts/Page';
import { Troubles } from '../parts/Troubles';
import { Unanswered } from '../parts/Unanswered';

interface Secret { card: CardPartsFragment; number: string; code: string }

export default function Cards() {
  const { data } = useQuery(CardsDocument);
  const [isIssuing, issuing] = useDisclosure(false);
  const [secret, setSecret] = useState<Secret | null>(null);
  return (
    <Page title="Cards" action={<Button leftSection={<IconPlus size={18} aria-hidden />} onClick={issuing.open}>New card</Button>}>
      {!data
        ? <SimpleGrid cols={{ base: 1, sm: 2 }}><Skeleton h={320} /><Skeleton h={320} /></SimpleGrid>
        : data.cards.length === 0
          ? <Panel><Empty>You have no card yet.</Empty></Panel>
          : <SimpleGrid cols={{ base: 1, sm: 2 }}>{data.cards.map((card) => <CardPanel key={card.id} card={card} />)}</SimpleGrid>}
      <Modal opened={isIssuing} onClose={issuing.close} title="A new card" centered closeButtonProps={{ 'aria-label': 'Close' }}>
        <Issue onIssued={(issued) => { issuing.close(); setSecret(issued); }} />
      </Modal>
      <Modal opened={secret !== null} onClose={() => setSecret(null)} title="Your new card" centered closeOnClickOutside={false} closeButtonProps={{ 'aria-label': 'Close' }}>
        {secret && <Shown secret={secret} onClose={() => setSecret(null)} />}
      </Modal>
    </Page>
  );
}

const expiry = ({ expiryMonth, expiryYear }: CardPartsFragment) => `${String(expiryMonth).padStart(2, '0')}/${expiryYear % 100}`;

function Plastic({ card, number, code }: { card: CardPartsFragment; number?: string; code?: string }) {
  return (
    <Card className="plastic" data-status={card.status} radius="lg" p="lg">
      <Stack justify="space-between" h="100%">
        <Group justify="space-between"><Text fw={600} truncate>{card.label}</Text><Text size="sm">{card.brand}</Text></Group>
        <Text fz={{ base: 18, xs: 21 }} className="amount" ff="monospace" data-testid="card-number">{number?.replace(/(.{4})(?=.)/g, '$1 ') ?? `•••• •••• •••• ${card.last4}`}</Text>
        <Group gap="xl"><Text size="sm">Expires {expiry(card)}</Text>{code && <Text size="sm">Code {code}</Text>}</Group>
      </Stack>
    </Card>
  );
}

function Shown({ secret, onClose }: { secret: Secret; onClose: () => void }) {
  return (
    <Stack>
      <Alert color="orange" variant="light" title="You see this number once" role="status">We do not store the number and the code. Copy them now if you need them.</Alert>
      <Plastic card={secret.card} number={secret.number} code={secret.code} />
      <CopyButton value={secret.number}>
        {({ copied, copy }) => <Button variant="default" onClick={copy}>{copied ? 'Copied' : 'Copy the number'}</Button>}
      </CopyButton>
      <Button onClick={onClose}>I have it</Button>
    </Stack>
  );
}

function Issue({ onIssued }: { onIssued: (secret: Secret) => void }) {
  const typedMoney = useTypedMoney();
  const [label, setLabel] = useState('');
  const [monthly, setMonthly] = useState('');
  const [single, setSingle] = useState('');
  const [lost, setLost] = useState(false);
  const [issueCard] = useMutation(IssueCardDocument, {
    update: (cache, { data }) => {
      const card = data?.issueCard.card;
      if (card) cache.updateQuery({ query: CardsDocument }, (before) => before && { ...before, cards: [card, ...before.cards.filter(({ id }) => id !== card.id)] });
    },
  });
  type Input = { label: string; monthlyLimit: string | null; perPaymentLimit: string | null };
  const { send, isBusy, troubles, of, unanswered } = useAttempt('card', async (input: Input, idempotencyKey) =>
    (await issueCard({ variables: { input: { ...input, idempotencyKey } } })).data?.issueCard);
  const issue = async (input: Input) => {
    const payload = await send(input);
    if (!payload?.card) return;
    if (payload.number && payload.securityCode) onIssued({ card: payload.card, number: payload.number, code: payload.securityCode });
    else setLost(true);
  };
  const isWrong = (text: string) => text.trim() !== '' && typedMoney(text) === null;
  return (
    <form onSubmit={(event: FormEvent) => {
      event.preventDefault();
      void issue({ label: label.trim(), monthlyLimit: typedMoney(monthly)?.amount ?? null, perPaymentLimit: typedMoney(single)?.amount ?? null });
    }}>
      <Stack>
        {unanswered && <Unanswered isBusy={isBusy} onResend={() => void issue(unanswered)}>You asked for the card “{unanswered.label}”.</Unanswered>}
        {lost && <Alert color="yellow" role="alert">The card exists, but its number was in the answer that was lost. Close that card and make another.</Alert>}
        <TextInput label="Name of the card" placeholder="Groceries" required maxLength={100} value={label} onChange={(event) => setLabel(event.currentTarget.value)} error={of('label')} data-autofocus />
        <MoneyInput label="Most in a month" description="Empty means no limit" value={monthly} onChange={setMonthly} error={of('monthlyLimit') ?? (isWrong(monthly) ? 'That is not an amount.' : undefined)} />
        <MoneyInput label="Most in one payment" description="Empty means no limit" value={single} onChange={setSingle} error={of('perPaymentLimit') ?? (isWrong(single) ? 'That is not an amount.' : undefined)} />
        <Troubles troubles={troubles} shown={['label', 'monthlyLimit', 'perPaymentLimit']} />
        <Button type="submit" loading={isBusy} disabled={isWrong(monthly) || isWrong(single) || unanswered !== null}>Make the card</Button>
      </Stack>
    </form>
  );
}

function CardPanel({ card }: { card: CardPartsFragment }) {
  const [freeze] = useMutation(FreezeCardDocument);
  const [unfreeze] = useMutation(UnfreezeCardDocument);
  const [closeCard] = useMutation(CloseCardDocument);
  const action = useAction();
  const [isClosing, closing] = useDisclosure(false);
  const [isLimiting, limiting] = useDisclosure(false);
  const variables = { id: card.id };
  const isFrozen = card.status === 'FROZEN';
  const toggle = () => action.run(async () => isFrozen
    ? (await unfreeze({ variables })).data?.unfreezeCard
    : (await freeze({ variables })).data?.freezeCard);
  const close = async () => {
    const payload = await action.run(async () => (await closeCard({ variables })).data?.closeCard);
    if (payload?.card) closing.close();
  };
  const limit = card.monthlyLimit && Money.of(card.monthlyLimit);
  const spent = Money.of(card.spentThisMonth);
  const share = limit ? Number(spent.minorUnits * 100n / limit.minorUnits) : 0;
  const { text, color } = CARD_STATUS[card.status];
  return (
    <Panel>
      <Stack>
        <Plastic card={card} />
        <Group justify="space-between">
          <Text size="sm"><b className="amount">{money(card.spentThisMonth)}</b> spent this month{limit && <> of {limit.format()}</>}</Text>
          <Badge variant="light" color={color}>{text}</Badge>
        </Group>
        {limit && card.status !== 'CLOSED' && <Progress value={Math.min(100, share)} aria-label={`${share} % of the month's limit is spent`} />}
        {card.perPaymentLimit && <Text size="sm" c="dimmed">At most {money(card.perPaymentLimit)} in one payment</Text>}
        {card.status !== 'CLOSED' && (
          <Group gap="xs">
            <Button variant="default" size="compact-sm" leftSection={<IconSnowflake size={16} aria-hidden />} loading={action.isBusy} onClick={toggle}>{isFrozen ? 'Unfreeze' : 'Freeze'}</Button>
            <Button variant="default" size="compact-sm" onClick={limiting.open}>Limits</Button>
            <Button variant="subtle" color="red" size="compact-sm" onClick={closing.open}>Close</Button>
          </Group>
        )}
        <Troubles troubles={action.troubles} />
      </Stack>
      <Modal opened={isClosing} onClose={closing.close} title={`Close the card “${card.label}”?`} centered closeButtonProps={{ 'aria-label': 'Keep the card' }}>
        <Stack>
          <Text>A closed card can never be used again.</Text>
          <Group grow><Button variant="default" onClick={closing.close}>Keep it</Button><Button color="red" loading={action.isBusy} onClick={close}>Close it</Button></Group>
        </Stack>
      </Modal>
      <Modal opened={isLimiting} onClose={limiting.close} title={`Limits of “${card.label}”`} centered closeButtonProps={{ 'aria-label': 'Close' }}>
        <Limits card={card} onDone={limiting.close} />
      </Modal>
    </Panel>
  );
}

function Limits({ card, onDone }: { card: CardPartsFragment; onDone: () => void }) {
  const typedMoney = useTypedMoney();
  const plain = (amount: CardPartsFragment['monthlyLimit']) => (amount ? Money.of(amount).format(undefined, { style: 'decimal', useGrouping: false }) : '');
  const [monthly, setMonthly] = useState(plain(card.monthlyLimit));
  const [single, setSingle] = useState(plain(card.perPaymentLimit));
  const [update] = useMutation(UpdateCardLimitsDocument);
  const action = useAction();
  const isWrong = (text: string) => text.trim() !== '' && typedMoney(text) === null;
  const save = async (event: FormEvent) => {
    event.preventDefault();
    const input = { id: card.id, monthlyLimit: typedMoney(monthly)?.amount ?? null, perPaymentLimit: typedMoney(single)?.amount ?? null };
    const payload = await action.run(async () => (await update({ variables: { input } })).data?.updateCardLimits);
    if (payload?.card) onDone();
  };
  return (
    <form onSubmit={save}>
      <Stack>
        <MoneyInput label="Most in a month" description="Empty means no limit" value={monthly} onChange={setMonthly} error={action.of('monthlyLimit')} />
        <MoneyInput label="Most in one payment" description="Empty means no limit" value={single} onChange={setSingle} error={action.of('perPaymentLimit')} />
        <Troubles troubles={action.troubles} shown={['monthlyLimit', 'perPaymentLimit']} />
        <Button type="submit" loading={action.isBusy} disabled={isWrong(monthly) || isWrong(single)}>Save</Button>
      </Stack>
    </form>
  );
}
