import { Center, Loader } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { Navigate, Route, Routes } from 'react-router';
import { Shell } from './Shell';

const Home = lazy(() => import('./pages/Home'));
const SignIn = lazy(() => import('./pages/SignIn'));
const SignUp = lazy(() => import('./pages/SignUp'));
const ForgottenPassword = lazy(() => import('./pages/ForgottenPassword'));
const VerifyEmail = lazy(() => import('./pages/VerifyEmail'));
const Send = lazy(() => import('./pages/Send'));
const Requests = lazy(() => import('./pages/Requests'));
const Activity = lazy(() => import('./pages/Activity'));
const TransactionPage = lazy(() => import('./pages/Transaction'));
const Cards = lazy(() => import('./pages/Cards'));
const Bank = lazy(() => import('./pages/Bank'));
const Statements = lazy(() => import('./pages/Statements'));
const Account = lazy(() => import('./pages/Account'));
const Operations = lazy(() => import('./pages/Operations'));

export function App() {
  return (
    <Suspense fallback={<Center mih="60vh"><Loader aria-label="Loading" /></Center>}>
      <Routes>
        <Route path="sign-in" element={<SignIn />} />
        <Route path="sign-up" element={<SignUp />} />
        <Route path="reset-password" element={<ForgottenPassword />} />
        <Route element={<Shell />}>
          <Route index element={<Home />} />
          <Route path="verify-email" element={<VerifyEmail />} />
          <Route path="send" element={<Send />} />
          <Route path="requests" element={<Requests />} />
          <Route path="activity" element={<Activity />} />
          <Route path="activity/:id" element={<TransactionPage />} />
          <Route path="cards" element={<Cards />} />
          <Route path="bank" element={<Bank />} />
          <Route path="statements" element={<Statements />} />
          <Route path="account" element={<Account />} />
          <Route path="operations" element={<Operations />} />
        </Route>
        <Route path="*" element={<Navigate to="/" replace />} />
      </Routes>
    </Suspense>
  );
}
